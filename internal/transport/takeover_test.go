package transport_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"weir/internal/transport"
	"weir/ws"
)

// With context takeover, and with small windows, a peer that keeps its windows reads what was put in: flush after flush,
// also when one of them was sent plain because it did not shrink.
func TestWindowsStayInStep(t *testing.T) {
	for _, out := range []ws.DeflateDirection{{Takeover: true, WindowBits: 15}, {Takeover: true, WindowBits: 9}, {WindowBits: 10}} {
		t.Run(fmt.Sprintf("%+v", out), func(t *testing.T) {
			here, there := tcpPair(t)
			c := transport.NewConn(there)
			c.UpgradeWS(ws.Server, transport.Framing{Deflate: true, Params: ws.DeflateParams{Out: out}})
			rng := rand.New(rand.NewPCG(3, 4))
			var want []byte
			written := make(chan struct{})
			go func() {
				defer close(written)
				defer there.Close()
				for i := range 200 {
					line := fmt.Appendf(nil, `{"price":%d,"volume":%d,"exchange":"XETRA","currency":"EUR","seq":%d}`, rng.IntN(100), rng.IntN(9), i)
					if i%7 == 0 {
						for j := range line {
							line[j] = byte(rng.Uint32())
						}
					}
					want = append(want, line...)
					w := transport.GetWire()
					w.Batch.Buf = append(w.Batch.Buf, line...)
					if err := c.Frame(w); err != nil {
						t.Error(err)
						return
					}
					if done, err := c.TryWrite(w); !done || err != nil {
						t.Errorf("TryWrite: %v, %v", done, err)
						return
					}
					w.Put()
				}
			}()
			wire, err := io.ReadAll(here)
			if err != nil {
				t.Fatal(err)
			}
			<-written
			sent := len(wire)
			window := out.NewWindow()
			dec := ws.NewDecoder(ws.Client, ws.DecoderOptions{Deflate: true})
			var got []byte
			for len(wire) > 0 {
				ev, rest, err := dec.Next(wire)
				if err != nil {
					t.Fatal(err)
				}
				wire = rest
				if !ev.Compressed {
					got = append(got, ev.Payload...)
					continue
				}
				if _, err := window.Inflate(ev.Payload, ws.InflateLimit{}, func(p []byte) error {
					got = append(got, p...)
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("got %d bytes, want %d", len(got), len(want))
			}
			if out.Takeover && sent > len(want)*2/3 {
				t.Errorf("%d bytes for %d of much the same: nothing was taken over", sent, len(want))
			}
		})
	}
}

// A client with context takeover is read message after message.
func TestReadWithTakeover(t *testing.T) {
	here, there := tcpPair(t)
	in := ws.DeflateDirection{Takeover: true, WindowBits: 15}
	c := transport.NewConn(there)
	c.UpgradeWS(ws.Server, transport.Framing{Deflate: true, Params: ws.DeflateParams{In: in}})
	c.Trust()
	window := in.NewWindow()
	var want []byte
	for i := range 50 {
		text := fmt.Appendf(nil, "PUB prices.eurex.%d 24\r\nthe same again and again\r\n", i)
		want = append(want, text...)
		key := [4]byte{1, 2, 3, 4}
		here.Write(window.AppendMessage(nil, ws.OpBinary, text, ws.DeflatePolicy{ContextTakeover: true}, &key))
	}
	here.Close()
	s := new(collector)
	if err := c.Serve(s); err != io.EOF || !bytes.Equal(s.data.Bytes(), want) {
		t.Errorf("Serve: %v after %d of %d bytes", err, s.data.Len(), len(want))
	}
}
