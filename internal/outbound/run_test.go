package outbound_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/internal/msg"
	"weir/internal/outbound"
)

// Messages that are pushed together are the text and the cost of those that are pushed one by one.
func TestPushTexts(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, c := range []struct {
		name   string
		texts  []outbound.Text
		limit  int64
		refuse bool
	}{
		{"of one size", []outbound.Text{{Body: []byte("hello")}, {Body: []byte("world")}, {Body: []byte("again")}}, 0, false},
		{"of several", []outbound.Text{{Body: []byte("hello")}, {Body: []byte("you")}, {}, {Body: []byte("all")}}, 0, false},
		{"with headers", []outbound.Text{{Body: []byte("hello"), Header: 2}, {Body: []byte("world")}, {Body: []byte("again"), Header: 2}}, 0, false},
		{"longer than a segment", slices.Repeat([]outbound.Text{{Body: []byte(long)}}, 20), 0, false},
		{"too much", slices.Repeat([]outbound.Text{{Body: []byte(long)}}, 20), 50_000, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var together, single outbound.Queue
			together.Init(nil, c.limit)
			single.Init(nil, 0)
			together.AcceptCopies(true)
			single.AcceptCopies(true)
			for _, text := range c.texts {
				single.PushCopy("7", []byte("foo"), nil, text.Body, text.Header)
			}
			o := together.PushTexts("7", []byte("foo"), c.texts)
			if c.refuse {
				if o != outbound.Refused || together.Pending() != 0 || together.PushLine("x\n") != outbound.Owed {
					t.Errorf("%v, and %d bytes wait", o, together.Pending())
				}
				return
			}
			if o != outbound.Owed || together.Pending() != single.Pending() {
				t.Errorf("%v, %d bytes wait, want %d", o, together.Pending(), single.Pending())
			}
			var got, want outbound.Taken
			together.Take(&got, 0)
			single.Take(&want, 0)
			if g, w := parts(&got), parts(&want); !slices.Equal(g, w) || got.Cost != want.Cost || got.Msgs != want.Msgs || got.Bytes != want.Bytes {
				t.Errorf("got %q, want %q", g, w)
			}
		})
	}
	var q outbound.Queue
	q.Init(nil, 0)
	texts := []outbound.Text{{Body: []byte("ab")}, {Body: []byte("cd"), Header: 2}}
	if o := q.PushTexts("7", []byte("foo"), texts); o != outbound.Refused {
		t.Errorf("a queue that takes no text: %v", o)
	}
	q.AcceptCopies(false)
	if o := q.PushTexts("7", []byte("foo"), texts); o != outbound.Refused {
		t.Errorf("a queue that takes no headers: %v", o)
	}
}

// A run costs what its messages cost, is taken as these, and is the same only as itself for the same sid.
func TestPushRun(t *testing.T) {
	var msgs []*msg.Msg
	for i := range 3 {
		m := msg.New([]byte("foo"), nil, fmt.Append(nil, i), 0)
		m.Expect(9)
		msgs = append(msgs, m)
	}
	r, other := outbound.NewRun(msgs), outbound.NewRun(msgs)
	take := func(r *outbound.Run, sid string, before bool) (taken outbound.Taken) {
		var together, single outbound.Queue
		together.Init(nil, 0)
		single.Init(nil, 0)
		if before {
			together.PushLine("a\n")
			single.PushLine("a\n")
		}
		for _, m := range msgs {
			single.Push(outbound.Item{Msg: m, SID: sid})
		}
		together.PushRun(r, sid)
		var want outbound.Taken
		together.Take(&taken, 0)
		single.Take(&want, 0)
		if g, w := describe(&taken), describe(&want); g != w || taken.Cost != want.Cost {
			t.Errorf("got %s, cost %d, want %s, cost %d", g, taken.Cost, w, want.Cost)
		}
		return taken
	}
	for _, before := range []bool{false, true} {
		a, b, sid, run := take(r, "1", before), take(r, "1", before), take(r, "2", before), take(other, "1", before)
		if !a.Same(&b) || a.Same(&sid) || a.Same(&run) {
			t.Errorf("same: %v, for another sid %v, another run %v", a.Same(&b), a.Same(&sid), a.Same(&run))
		}
		if !a.Shared() {
			t.Error("nobody else gets it")
		}
	}
	var q outbound.Queue
	q.Init(nil, 60)
	if o := q.PushRun(r, "1"); o != outbound.Refused || q.PushLine("x\n") != outbound.Owed {
		t.Errorf("a run that does not fit: %v", o)
	}
	if q.Seal(); q.PushRun(r, "1") != outbound.Refused {
		t.Error("a sealed queue takes a run")
	}
}

// describe is text, sids and bodies of what was taken.
func describe(t *outbound.Taken) (all string) {
	for text, it := range t.All {
		all += string(text)
		if it != nil {
			all += it.SID + ":" + string(it.Msg.Payload()) + " "
		}
	}
	return all
}
