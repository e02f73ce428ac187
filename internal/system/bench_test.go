package system_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/service"
	"weir/internal/system"
	"weir/internal/transport"
)

// BenchmarkComeAndGo is what events cost for a client that comes and goes: while nobody listens, and while somebody does.
func BenchmarkComeAndGo(b *testing.B) {
	for name, listen := range map[string]bool{"unheard": false, "heard": true} {
		b.Run(name, func(b *testing.B) {
			h := open(b, system.Claims{})
			c := h.ann()
			if listen {
				if err := h.asker.Handle(h.accounts.Lookup("SYS"), "$SYS.ACCOUNT.>", func(*service.Message) {}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				h.system.Connected(c, nil)
				h.system.Disconnected(c, conn.ClientClosed)
			}
		})
	}
}

// ann is a client that has logged in, outside of a bubble.
func (h *house) ann() *client.Client {
	here, there := net.Pipe()
	h.Cleanup(func() { here.Close() })
	client.Open(&h.clients, transport.NewConn(there))
	r := bufio.NewReader(here)
	line, err := r.ReadString('\n') // INFO
	if err == nil {
		_, err = io.WriteString(here, "CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":\"a\"}\r\nPING\r\n")
	}
	for err == nil && !strings.HasPrefix(line, "PONG") {
		line, err = r.ReadString('\n')
	}
	if err != nil {
		h.Fatal(err)
	}
	return h.registry.Find(1).Visitor().(*client.Client)
}

// What nobody hears is not even named in memory.
func TestUnheardAllocatesNothing(t *testing.T) {
	h := open(t, system.Claims{})
	c := h.ann()
	n := testing.AllocsPerRun(100, func() {
		h.system.Connected(c, nil)
		h.system.Disconnected(c, conn.ClientClosed)
		h.system.Refused(c, conn.AuthenticationViolation, auth.ErrDenied)
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}
