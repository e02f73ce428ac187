package msg_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"

	"weir/internal/msg"
)

func TestNewCopiesAdoptKeeps(t *testing.T) {
	names, body := []byte("foo.bar_INBOX.1"), []byte("NATS/1.0\r\n\r\nhello")
	for name, m := range map[string]*msg.Msg{
		"new":   msg.New(names[:7], names[7:], body, 12),
		"adopt": msg.Adopt(names[:7], names[7:], bytes.Clone(body), 12),
	} {
		t.Run(name, func(t *testing.T) {
			before := bytes.Clone(m.Wire())
			copy(names, "xxxxxxxxxxxxxxx")
			copy(body, "xxxxxxxxxxxxxxxxx")
			defer func() { names, body = []byte("foo.bar_INBOX.1"), []byte("NATS/1.0\r\n\r\nhello") }()
			check := func(what string, got []byte, want string) {
				t.Helper()
				if string(got) != want {
					t.Errorf("%s: got %q, want %q", what, got, want)
				}
			}
			check("subject", m.Subject(), "foo.bar")
			check("reply", m.Reply(), "_INBOX.1")
			check("header", m.Header(), "NATS/1.0\r\n\r\n")
			check("payload", m.Payload(), "hello")
			check("wire", m.Wire(), string(before))
			check("wire payload", m.WirePayload(), "hello\r\n")
			if m.Len() != 17 || m.HeaderLen() != 12 {
				t.Errorf("len %d, header %d", m.Len(), m.HeaderLen())
			}
		})
	}
}

// The compressed form is made once, however many goroutines ask, and also if it turns out not to pay.
func TestPackedOnce(t *testing.T) {
	for _, want := range []string{"packed", ""} {
		m := msg.New([]byte("a"), nil, []byte("body"), 0)
		var calls atomic.Int32
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				got := m.Packed(func(dst, raw []byte) []byte {
					calls.Add(1)
					if string(raw) != "body\r\n" {
						t.Errorf("raw %q", raw)
					}
					return append(dst, want...)
				})
				if string(got) != want {
					t.Errorf("packed %q, want %q", got, want)
				}
			})
		}
		wg.Wait()
		if calls.Load() != 1 {
			t.Errorf("packed %d times", calls.Load())
		}
	}
}

func TestBatchKeepsOrder(t *testing.T) {
	var b msg.Batch
	big := msg.New([]byte("a"), nil, bytes.Repeat([]byte("x"), 300), 0)
	for range 2 { // the second round uses a batch that was reset
		b.Reset()
		b.Buf = append(b.Buf, "L1 "...)
		b.Copy([]byte("small "))
		b.Buf = append(b.Buf, "L2 "...)
		b.Borrow(big, big.Wire())
		b.Borrow(big, big.WirePayload())
		b.Buf = append(b.Buf, "L3"...)
		var got []byte
		borrowed := 0
		for p, m := range b.Segments {
			got = append(got, p...)
			if m != nil {
				borrowed++
			}
		}
		want := "L1 small L2 " + string(big.Wire()) + string(big.Wire()) + "L3"
		if string(got) != want || borrowed != 2 || b.Len() != len(want) {
			t.Errorf("got %d bytes, %d borrowed, Len %d; want %d", len(got), borrowed, b.Len(), len(want))
		}
	}
}

// BenchmarkBatch compares copying a body between the lines with borrowing it.
func BenchmarkBatch(b *testing.B) {
	m := msg.New([]byte("foo"), nil, make([]byte, msg.CopyBelow), 0)
	line := []byte("MSG foo 1 256\r\n")
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		var batch msg.Batch
		for b.Loop() {
			batch.Reset()
			for range 16 {
				batch.Buf = append(batch.Buf, line...)
				batch.Copy(m.Wire())
			}
		}
	})
	b.Run("borrow", func(b *testing.B) {
		b.ReportAllocs()
		var batch msg.Batch
		for b.Loop() {
			batch.Reset()
			for range 16 {
				batch.Buf = append(batch.Buf, line...)
				batch.Borrow(m, m.Wire())
			}
		}
	})
}

// A renamed message shares the body and its packed form.
func TestRenamed(t *testing.T) {
	m := msg.New([]byte("old"), []byte("reply"), []byte("hdr.body"), 4)
	m.Expect(3)
	n := m.Renamed([]byte("newer")).Renamed([]byte("new"))
	if string(n.Subject()) != "new" || string(n.Reply()) != "reply" || string(n.Header()) != "hdr." || !n.Shared() || &n.Wire()[0] != &m.Wire()[0] {
		t.Errorf("got %s %s %s", n.Subject(), n.Reply(), n.Header())
	}
	packs := 0
	pack := func(dst, raw []byte) []byte { packs++; return append(dst, raw[:1]...) }
	if a, b := n.Packed(pack), m.Packed(pack); packs != 1 || &a[0] != &b[0] {
		t.Errorf("packed %d times", packs)
	}
}
