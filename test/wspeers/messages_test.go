package wspeers_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"weir/ws"
)

// message is one to send, and to get back.
type message struct {
	op      ws.Opcode
	payload []byte
	pieces  int
}

// messages makes n of them, the same for the same seed: of all sizes, compressible or not, whole or in fragments.
func messages(seed uint64, n int) (list []message) {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	bounds := []int{0, 1, 125, 126, 127, 128, 511, 512, 513, 1023, 4096, 65535, 65536}
	for range n {
		m := message{op: ws.OpText, pieces: 1}
		size := 0
		switch r.IntN(4) {
		case 0:
			size = bounds[r.IntN(len(bounds))]
		case 1:
			size = r.IntN(70000)
		default:
			size = r.IntN(1000)
		}
		if r.IntN(3) == 0 {
			m.op = ws.OpBinary
		}
		if r.IntN(3) == 0 {
			m.pieces = 1 + r.IntN(5)
		}
		if m.op == ws.OpBinary && r.IntN(2) == 0 {
			m.payload = make([]byte, size)
			for i := range m.payload {
				m.payload[i] = byte(r.Uint32())
			}
		} else {
			m.payload = []byte(sentence(r, size))
		}
		list = append(list, m)
	}
	return list
}

var words = strings.Fields("subject token wildcard queue group sid reply inbox grüße κόσμε 日本語 😀 account export import pending")

// sentence is n bytes of UTF-8.
func sentence(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%s %d ", words[r.IntN(len(words))], r.IntN(100))
	}
	s := strings.ToValidUTF8(b.String()[:n], "")
	return s + strings.Repeat(".", n-len(s))
}
