package conn

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// records is how the last connections that closed were, in the order in which they did. There are ten thousand of them: they lie
// in blocks of bytes, some forty for each record.
type records struct {
	most   int     // are kept
	n      int     // there are
	old    int     // at the beginning of the first block there are so many more that were too many
	blocks []block // the oldest first
}

// block is some records. What lies in it never changes.
type block struct {
	text   []byte
	n      int
	alikes []*alike // that the records refer to

	id   uint64 // of the last record
	stop instant
}

// blockSize is how many records a block has.
const blockSize = 128

// alike is what the last record has in common with others; nil if there is none.
func (r *records) alike() *alike {
	if len(r.blocks) == 0 {
		return nil
	}
	b := &r.blocks[len(r.blocks)-1]
	return b.alikes[len(b.alikes)-1]
}

// add remembers c, and forgets the oldest if there are too many.
func (r *records) add(c *closedConn) {
	if r.most <= 0 {
		return
	}
	if last := len(r.blocks) - 1; last < 0 || r.blocks[last].n == blockSize {
		if last >= 0 {
			r.blocks[last].text = slices.Clone(r.blocks[last].text)
		}
		r.blocks = append(r.blocks, block{})
	}
	r.blocks[len(r.blocks)-1].add(c)
	if r.n < r.most {
		r.n++
		return
	}
	if r.old++; r.old == r.blocks[0].n {
		r.blocks = slices.Delete(r.blocks, 0, 1)
		r.old = 0
	}
}

// all gives every record to yield. It needs no lock: r may be a copy.
func (r records) all(yield func(c *closedConn)) {
	old := r.old
	for i := range r.blocks {
		r.blocks[i].all(func(c *closedConn) {
			if old--; old < 0 {
				yield(c)
			}
		})
	}
}

// numbers of a record: differences are small, and most of the others are.
const numbers = 15

func (b *block) add(c *closedConn) {
	if n := len(b.alikes); n == 0 || b.alikes[n-1] != c.alike {
		b.alikes = append(b.alikes, c.alike)
	}
	address := c.client.Addr().AsSlice()
	for _, v := range [numbers]int64{
		int64(c.id - b.id), int64(c.stop - b.stop), int64(c.stop - c.start), int64(c.stop - c.active), int64(c.rtt), c.pending,
		c.inMsgs, c.inBytes, c.outMsgs, c.outBytes, int64(c.subs), int64(c.reason),
		int64(len(b.alikes) - 1), int64(c.client.Port()), int64(len(address)),
	} {
		b.text = binary.AppendVarint(b.text, v)
	}
	b.text = append(b.text, address...)
	b.id, b.stop = c.id, c.stop
	b.n++
}

func (b *block) all(yield func(c *closedConn)) {
	var c closedConn
	text := b.text
	for range b.n {
		var v [numbers]int64
		for i := range v {
			var n int
			v[i], n = binary.Varint(text)
			text = text[n:]
		}
		address, _ := netip.AddrFromSlice(text[:v[14]])
		text = text[v[14]:]
		stop := c.stop + instant(v[1])
		c = closedConn{
			id: c.id + uint64(v[0]), stop: stop, start: stop - instant(v[2]), active: stop - instant(v[3]), rtt: time.Duration(v[4]),
			pending: v[5], inMsgs: v[6], inBytes: v[7], outMsgs: v[8], outBytes: v[9], subs: int32(v[10]), reason: Reason(v[11]),
			alike: b.alikes[v[12]], client: netip.AddrPortFrom(address, uint16(v[13])),
		}
		yield(&c)
	}
}
