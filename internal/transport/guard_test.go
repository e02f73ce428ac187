package transport_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/admission"
	"weir/internal/listener"
	"weir/internal/transport"
)

// patience bounds what should take no time.
const patience = 20 * time.Second

// memory is a listener without sockets: everybody comes from one address.
type memory struct {
	net.Listener
	come chan net.Conn
	from net.Addr
}

// visitor is a connection from an address.
type visitor struct {
	net.Conn
	from net.Addr
}

func (v visitor) RemoteAddr() net.Addr { return v.from }

func (m *memory) Accept() (net.Conn, error) {
	nc, ok := <-m.come
	if !ok {
		return nil, net.ErrClosed
	}
	return visitor{nc, m.from}, nil
}

func (m *memory) Close() error { return nil }

// visit makes a connection, and returns the other end.
func (m *memory) visit() net.Conn {
	here, there := net.Pipe()
	m.come <- there
	return here
}

// Ten thousand come as fast as they can: everybody is let in or refused, and nothing is left at the end.
func TestAcceptStorm(t *testing.T) {
	const callers, each = 20, 500
	for name, from := range map[string]string{"loopback": "127.0.0.1", "one address": "203.0.113.7", "proxy": "203.0.113.8"} {
		t.Run(name, func(t *testing.T) {
			m := &memory{come: make(chan net.Conn), from: &net.TCPAddr{IP: net.ParseIP(from), Port: 1}}
			var refused atomic.Int32
			g := transport.Guard{Gate: admission.NewGate(admission.Limits{}), Answer: admission.Refusal.String}
			g.Refused = func(string, error) { refused.Add(1) }
			proxies, err := admission.ParseProxies([]string{"203.0.113.8"}, "")
			if err != nil {
				t.Fatal(err)
			}
			g.Proxies = func() *admission.Proxies { return proxies }
			var opened []*transport.Conn
			done := make(chan struct{})
			go func() {
				defer close(done)
				listener.Accept(g.Listen(m), nil, func(nc net.Conn) { opened = append(opened, transport.NewConn(nc)) })
			}()
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for range each {
						m.visit()
					}
				})
			}
			all.Wait()
			close(m.come)
			<-done
			want := callers * each
			if name == "one address" {
				want = admission.DefaultHalfOpenPerIP
			}
			if len(opened) != want || int(refused.Load()) != callers*each-want {
				t.Errorf("%d were let in, %d refused; want %d", len(opened), refused.Load(), want)
			}
			for _, c := range opened {
				c.Close()
			}
			if counts := g.Gate.Counts(); counts.HalfOpen != 0 || counts.Admitted != uint64(want) {
				t.Errorf("at the end: %+v", counts)
			}
		})
	}
}
