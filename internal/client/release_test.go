package client_test

import (
	"runtime"
	"testing"
	"time"
	"unsafe"
	"weak"

	"weir/internal/client"
)

// Nothing holds a connection that is closed: no timer, no subscription, no list.
//
// parity: 9.3.83
func TestClosedConnectionIsReleased(t *testing.T) {
	h := new(house).start(t)
	p := h.connect("")
	p.send("SUB foo 1\r\nPUB foo 2\r\nhi\r\nPING\r\n")
	p.want("MSG foo 1 2", "hi", "PONG")
	c := weak.Make(h.env.Registry.Conns()[0])
	if err := p.nc.Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); c.Value() != nil; runtime.GC() {
		h.env.Registry.ParkSilent() // a server does so all the time; it forgets those that are gone
		if time.Now().After(end) {
			t.Fatalf("it is still there; %d connections are open", h.env.Registry.Len())
		}
	}
}

// A client is the largest piece of an idle connection. Beyond 512 bytes the allocator gives it 576.
func TestClientFitsItsSizeClass(t *testing.T) {
	if size := unsafe.Sizeof(client.Client{}); size > 512 {
		t.Errorf("a client is %d bytes", size)
	}
}
