package load

import (
	"fmt"
	"math/rand/v2"
)

// Noise gives n bodies of size bytes that do not compress.
func Noise(n, size int) [][]byte {
	source := rand.NewChaCha8([32]byte{1})
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = make([]byte, size)
		_, _ = source.Read(bodies[i])
	}
	return bodies
}

// Documents gives n different bodies of size bytes each that look like the JSON of a price feed: the same keys again
// and again, numbers and times that differ. At the fastest level they deflate to two fifths of 1 KiB and to a third of 16 KiB.
func Documents(n, size int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	bodies := make([][]byte, n)
	for i := range bodies {
		body := []byte(`{"feed":"prices","items":[`)
		for len(body) < size {
			body = fmt.Appendf(body, `{"symbol":"%c%c%c%c","bid":%.4f,"ask":%.4f,"size":%d,"at":"2026-08-21T%02d:%02d:%02d.%03dZ"},`,
				'A'+random.IntN(26), 'A'+random.IntN(26), 'A'+random.IntN(26), 'A'+random.IntN(26),
				100*random.Float64(), 100*random.Float64(), random.IntN(5000),
				random.IntN(24), random.IntN(60), random.IntN(60), random.IntN(1000))
		}
		bodies[i] = body[:size]
	}
	return bodies
}
