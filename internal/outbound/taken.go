package outbound

import "weir/internal/msg"

// Taken is what one [Queue.Take] got. It belongs to the holder of the flush flag.
type Taken struct {
	// Cost is what it counts in pending bytes, to be given back to the next Take.
	Cost int64
	// Frames is the control frames, which go ahead of all else, and Last the bytes behind all else; with Closing nothing is
	// sent afterwards.
	Frames  []byte
	Last    string
	Closing bool
	// Msgs and Bytes count the messages that were pushed as text: their number, and their headers and payloads in bytes.
	Msgs, Bytes int64

	first Item // the only thing that was taken, if it has a message
	head  *segment
	one   Item // of a run, for All
}

// All yields text and items in order: what is in text goes before the item, which is nil at the end.
func (t *Taken) All(yield func(text []byte, it *Item) bool) {
	if t.first.Msg != nil {
		t.each(nil, &t.first, yield)
		return
	}
	for s := t.head; s != nil; s = s.next {
		from := msg.Headroom
		for i := range s.items[:s.n] {
			to := int(s.at[i])
			if !t.each(s.text[from:to], &s.items[i], yield) {
				return
			}
			from = to
		}
		if from < len(s.text) && !yield(s.text[from:], nil) {
			return
		}
	}
}

// each yields text and the item, each message of a run as an item of its own.
func (t *Taken) each(text []byte, it *Item, yield func(text []byte, it *Item) bool) bool {
	if it.run == nil {
		return yield(text, it)
	}
	for _, m := range it.run.msgs {
		t.one = Item{Msg: m, SID: it.SID}
		if !yield(text, &t.one) {
			return false
		}
		text = nil
	}
	return true
}

// Swap gives the text, behind [msg.Headroom] free bytes, in exchange for a buffer of which nobody needs the bytes. It
// reports false if t is not one piece of text.
func (t *Taken) Swap(buf []byte) ([]byte, bool) {
	s := t.head
	if s == nil || s.n > 0 || s.next != nil || cap(buf) < msg.Headroom {
		return buf, false
	}
	text := s.text
	s.text = buf[:msg.Headroom]
	return text, true
}

// Shared reports whether other receivers may have got just the same.
func (t *Taken) Shared() bool {
	if len(t.Frames) > 0 || t.Closing {
		return false
	}
	if t.first.Msg != nil {
		return t.first.Msg.Shared()
	}
	return t.head != nil && t.head.n > 0 && t.head.items[0].Msg.Shared()
}

// Same reports whether t holds what o holds: the same messages for the same sids, and the same text between them.
func (t *Taken) Same(o *Taken) bool {
	if t.first != o.first || len(t.Frames) > 0 || t.Closing || o.Closing || len(o.Frames) > 0 {
		return false
	}
	a, b := t.head, o.head
	for a != nil && b != nil && a.same(b) {
		a, b = a.next, b.next
	}
	return a == nil && b == nil
}

// Release forgets everything and gives memory back.
func (t *Taken) Release() {
	if t.Cost == 0 && t.head == nil && !t.Closing { // it is empty
		return
	}
	release(t.head)
	*t = Taken{}
}
