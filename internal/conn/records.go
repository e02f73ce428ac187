package conn

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// records is how the last connections that closed were, in the order in which they did. There are ten thousand of them: they lie
// in blocks of bytes, some thirty for each record.
type records struct {
	most   int        // are kept
	n      int        // there are
	old    int        // at the beginning of the first block there are so many more that were too many
	blocks []block    // the oldest first
	last   closedConn // empty if there is none
}

// block is some records. What lies in it never changes.
type block struct {
	text   []byte
	n      int
	alikes []*alike // that the records refer to; the first one may be that of the block before
}

// blockSize is how many bytes a block has: just as many as the runtime has for it. A block is full where the largest record would
// have no room.
const blockSize = 8 << 10

// add remembers c, and forgets the oldest if there are too many.
func (r *records) add(c *closedConn) {
	if r.most <= 0 {
		return
	}
	last := len(r.blocks) - 1
	if last < 0 || len(r.blocks[last].text) > blockSize-largest {
		fresh := block{text: make([]byte, 0, blockSize)}
		if last >= 0 {
			known := r.blocks[last].alikes
			fresh.alikes = slices.Clip(known[len(known)-1:]) // each small thing that stays would keep a page of others in use
		}
		r.blocks = append(r.blocks, fresh)
		last, r.last = last+1, closedConn{}
	}
	r.blocks[last].add(c, &r.last)
	r.last = *c
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

// numbers of a record: most are small, differences from the record before among them, as those that close together have often
// come together, from one address.
const numbers = 15

// largest is how many bytes a record has at most.
const largest = numbers*binary.MaxVarintLen64 + 16

// asBefore stands for the length of an address that is the same as before.
const asBefore = -1

// add appends c; last is the record before, empty if c is the first one.
func (b *block) add(c, last *closedConn) {
	if n := len(b.alikes); n == 0 || b.alikes[n-1] != c.alike {
		b.alikes = append(b.alikes, c.alike)
	}
	var address []byte
	length := int64(asBefore)
	if c.client.Addr() != last.client.Addr() {
		address = c.client.Addr().AsSlice()
		length = int64(len(address))
	}
	for _, v := range [numbers]int64{
		int64(c.id - last.id), int64(c.stop - last.stop), int64(c.start - last.start), int64(c.active - last.active), int64(c.rtt),
		c.pending, c.inMsgs, c.inBytes, c.outMsgs, c.outBytes, int64(c.subs), int64(c.reason),
		int64(len(b.alikes) - 1), int64(c.client.Port()), length,
	} {
		b.text = binary.AppendVarint(b.text, v)
	}
	b.text = append(b.text, address...)
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
		address := c.client.Addr()
		if length := v[14]; length != asBefore {
			address, _ = netip.AddrFromSlice(text[:length])
			text = text[length:]
		}
		c = closedConn{
			id: c.id + uint64(v[0]), stop: c.stop + instant(v[1]), start: c.start + instant(v[2]), active: c.active + instant(v[3]),
			rtt: time.Duration(v[4]), pending: v[5], inMsgs: v[6], inBytes: v[7], outMsgs: v[8], outBytes: v[9], subs: int32(v[10]),
			reason: Reason(v[11]), alike: b.alikes[v[12]], client: netip.AddrPortFrom(address, uint16(v[13])),
		}
		yield(&c)
	}
}
