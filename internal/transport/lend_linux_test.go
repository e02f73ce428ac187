//go:build !386

package transport_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/internal/transport"
)

// lent counts the files in memory that this process has open.
func lent(t *testing.T) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.Contains(to, "memfd:weir fan-out") {
			n++
		}
	}
	return n
}

// receiver is one of many, detached, and its other end.
type receiver struct {
	c    *transport.Conn
	peer net.Conn
}

func receivers(t *testing.T, kind string, n int) []receiver {
	t.Helper()
	var all []receiver
	for range n {
		here, there := tcpPair(t)
		c := link(kind, there)
		c.Detach()
		t.Cleanup(func() { c.Close() })
		all = append(all, receiver{c, here})
	}
	return all
}

// ready makes w ready for the receiver c, before whom it was for so many others.
func ready(t *testing.T, c *transport.Conn, w *transport.Wire, others int) {
	t.Helper()
	form := c.Again
	if others == 0 {
		form = c.Frame
	}
	if err := form(w); err != nil {
		t.Fatal(err)
	}
}

// shareOut sends body to all receivers with one wire, and returns when it is with the kernel.
func shareOut(t *testing.T, all []receiver, body []byte) {
	t.Helper()
	w := transport.GetWire()
	defer w.Put()
	w.Batch.Copy(body)
	for i, r := range all {
		ready(t, r.c, w, i)
		if i == 8 && lent(t) == 0 {
			t.Error("nothing was lent")
		}
		done, err := r.c.TryWrite(w)
		if !done && err == nil {
			err = r.c.WriteAll(w, time.Minute)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What many get alike comes to each of them as it was sent, also to those who read when the wire has long been used for
// something else.
func TestLentPagesStay(t *testing.T) {
	for _, kind := range kinds[:2] {
		t.Run(kind, func(t *testing.T) {
			all := receivers(t, kind, 16)
			var want []byte
			for round, size := range []int{16 << 10, 20_000, 17_001, 64 << 10, 16<<10 + 1} {
				body := bytes.Repeat([]byte{'a' + byte(round)}, size)
				shareOut(t, all, body)
				want = append(want, body...)
			}
			for i, r := range all {
				r.c.Close()
				wire, err := io.ReadAll(r.peer)
				if err != nil {
					t.Fatal(err)
				}
				if got := unframe(t, kind, wire); !bytes.Equal(got, want) {
					t.Errorf("receiver %d got %d bytes, not the %d that were sent", i, len(got), len(want))
				}
			}
		})
	}
}

// A receiver whose socket fills up in the middle gets the rest, and those behind it get all.
func TestLentPagesToAFullSocket(t *testing.T) {
	all := receivers(t, "ws", 14)
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
	got := make(chan []byte, len(all))
	for _, r := range all {
		go func() {
			wire, _ := io.ReadAll(r.peer)
			got <- wire
		}()
	}
	shareOut(t, all, body)
	for _, r := range all {
		r.c.Close()
	}
	for range all {
		if stream := unframe(t, "ws", <-got); !bytes.Equal(stream, body) {
			t.Errorf("got %d bytes, not the %d that were sent", len(stream), len(body))
		}
	}
}

// Little, few receivers, and receivers of other bytes are lent nothing.
func TestLendsOnlyWhatPays(t *testing.T) {
	w := transport.GetWire()
	defer w.Put()
	before := lent(t)
	w.Batch.Copy(make([]byte, 16<<10-100))
	for i, r := range receivers(t, "ws", 12) {
		ready(t, r.c, w, i)
	}
	w.Reset()
	w.Batch.Copy(make([]byte, 64<<10))
	for i, r := range receivers(t, "ws", 8) {
		ready(t, r.c, w, i)
	}
	if n := lent(t); n > before {
		t.Errorf("%d files in memory, %d before", n, before)
	}
}
