package benchmark

import (
	"fmt"
	"math/rand/v2"
)

// variety is how many bytes bodies are taken from, besides their size: more than a window of DEFLATE, so that a batch does
// not consist of repetitions.
const variety = 64 << 10

// stride is the distance between the beginnings of two bodies; it is odd, so that all beginnings come up.
const stride = 997

// bodies gives bodies that look like the JSON of a price feed: the same keys again and again, numbers that differ. They
// deflate as such feeds do. It belongs to one goroutine; the text is shared.
type bodies struct {
	text []byte
	size int
	at   int
}

// bodyText is the text that bodies of this size are taken from.
func bodyText(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 0, variety+size+256)
	for len(text) < variety+size {
		text = fmt.Appendf(text, `{"symbol":"%c%c%c%c","bid":%.4f,"ask":%.4f,"size":%d,"at":"2026-01-02T%02d:%02d:%02d.%03dZ"},`,
			'A'+random.IntN(26), 'A'+random.IntN(26), 'A'+random.IntN(26), 'A'+random.IntN(26),
			100*random.Float64(), 100*random.Float64(), random.IntN(5000),
			random.IntN(24), random.IntN(60), random.IntN(60), random.IntN(1000))
	}
	return text
}

// newBodies are the bodies of member number i.
func newBodies(text []byte, size, i int) bodies { return bodies{text, size, i * 8191 % variety} }

func (b *bodies) next() []byte {
	body := b.text[b.at : b.at+b.size]
	b.at = (b.at + stride) % variety
	return body
}
