package client_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkIngest is what a client's goroutine does with a chunk of about 32 KiB of PUBs that nobody gets; ns/op is for one of
// them. The socket and the framing are left out.
func BenchmarkIngest(b *testing.B) {
	body := strings.Repeat("x", 128)
	for _, c := range []struct {
		name     string
		subjects int
		line     string
	}{
		{"one subject", 1, "PUB nobody.listens.%d 128\r\n%s\r\n"},
		{"16 subjects", 16, "PUB nobody.listens.%d 128\r\n%s\r\n"},
		{"with reply", 1, "PUB nobody.listens.%d _INBOX.Xs9vDGDzrsL1JVBBKWuPTs.1 128\r\n%s\r\n"},
		{"with headers", 1, "HPUB nobody.listens.%d 12 140\r\nNATS/1.0\r\n\r\n%s\r\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := new(house).start(b)
			h.connect(`,"headers":true`)
			conn := h.env.Registry.Conns()[0]
			var chunk bytes.Buffer
			n := 0
			for ; chunk.Len() < 32<<10; n++ {
				fmt.Fprintf(&chunk, c.line, n%c.subjects, body)
			}
			b.ReportAllocs()
			for i := 0; i < b.N; i += n {
				if err := conn.Data(chunk.Bytes()); err != nil {
					b.Fatal(err)
				}
				conn.ChunkEnd()
			}
		})
	}
}
