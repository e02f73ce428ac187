package ws

import (
	"encoding/binary"
	"math/bits"
)

// Gather takes uncompressed payload from the front of p and returns it in one piece, and the bytes not taken: what is left
// of the frame that is being read, and the frames behind it for as long as each is a whole message, uncompressed and
// masked. It changes p: payload is unmasked and moved together, over the headers between.
//
// It is a short way for a Server whose peer sends many small messages: what it takes, [Decoder.Next] would have given in
// so many events. It takes nothing where only Next can go on: before headers that are cut, before control frames, fragments,
// compressed messages, and whatever is against the rules. So it is followed by Next, and that by Gather again.
func (d *Decoder) Gather(p []byte) (payload, rest []byte) {
	if d.fail != nil || d.closed || d.headLen > 0 || d.role != Server {
		return nil, p
	}
	at := 0 // of the next header in p
	if d.inFrame {
		if d.compressed || d.opcode.IsControl() {
			return nil, p
		}
		at = int(min(uint64(len(p)), d.remain))
		d.readData(p[:at])
	}
	start, end := 0, at // of the payload in p
	for d.message == 0 {
		head, size := wholeMessage(p[at:])
		if head == 0 {
			break
		}
		op := Opcode(p[at] & opcodeBits)
		at += head
		if end == 0 {
			start, end = at, at // the first payload stays where it is
		}
		n := min(size, len(p)-at)
		key := binary.LittleEndian.Uint32(p[at-4:])
		if n < size { // the chunk cuts the frame
			d.cutFrame(op, key, n, size)
		}
		unmask(p[end:end+n], p[at:at+n], key)
		at, end = at+n, end+n
	}
	return p[start:end:end], p[at:]
}

// wholeMessage returns the length in bytes of the header at the front of p and of the payload that follows it. The header is
// 0 unless it is whole, and that of a masked text or binary frame with FIN alone and of less than 64 KiB.
func wholeMessage(p []byte) (head, size int) {
	if len(p) < 6 || p[0] != finBit|byte(OpBinary) && p[0] != finBit|byte(OpText) || p[1]&maskBit == 0 {
		return 0, 0
	}
	switch size = int(p[1] & lengthBits); {
	case size < length16:
		return 6, size
	case size == length16 && len(p) >= 8:
		return 8, int(binary.BigEndian.Uint16(p[2:]))
	}
	return 0, 0
}

// cutFrame leaves d in a frame that is a message, of whose size bytes n have been taken.
func (d *Decoder) cutFrame(op Opcode, key uint32, n, size int) {
	binary.LittleEndian.PutUint32(d.key[:], key)
	d.remain, d.pos, d.masked = uint64(size-n), uint8(n&3), true
	d.opcode, d.fin, d.inFrame = op, true, true
	d.message, d.compressed, d.fragments = op, false, 1
}

// unmask writes src, unmasked, to dst, which may lie over it but must not begin behind it.
func unmask(dst, src []byte, key uint32) {
	le := binary.LittleEndian
	k := uint64(key)<<32 | uint64(key)
	n := len(src)
	dst = dst[:n]
	if n < 8 {
		for i, c := range src {
			dst[i] = c ^ byte(k>>(8*i))
		}
		return
	}
	// The last word is read before anything is written, and written last: it lies over the word before it.
	last := le.Uint64(src[n-8:]) ^ bits.RotateLeft64(k, -8*(n&3))
	d, s := dst, src
	for len(s) >= 64 {
		v, w := (*[64]byte)(s), (*[64]byte)(d)
		le.PutUint64(w[0:8], le.Uint64(v[0:8])^k)
		le.PutUint64(w[8:16], le.Uint64(v[8:16])^k)
		le.PutUint64(w[16:24], le.Uint64(v[16:24])^k)
		le.PutUint64(w[24:32], le.Uint64(v[24:32])^k)
		le.PutUint64(w[32:40], le.Uint64(v[32:40])^k)
		le.PutUint64(w[40:48], le.Uint64(v[40:48])^k)
		le.PutUint64(w[48:56], le.Uint64(v[48:56])^k)
		le.PutUint64(w[56:64], le.Uint64(v[56:64])^k)
		s, d = s[64:], d[64:]
	}
	for len(s) >= 8 {
		le.PutUint64(d, le.Uint64(s)^k)
		s, d = s[8:], d[8:]
	}
	le.PutUint64(dst[n-8:], last)
}
