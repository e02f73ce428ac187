package conn_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/conn"
	"weir/internal/transport"
	"weir/ws"
)

// TestRenewPending: a new max_pending is a limit for who is connected, also for who was on the way in when it came.
func TestRenewPending(t *testing.T) {
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			reg := newRegistry()
			here, there := net.Pipe()
			defer here.Close()
			e := &echo{closed: make(chan conn.Reason, 1)}
			e.Init(reg, transport.NewConn(there), e, "cid")
			if !late {
				reg.Add(&e.Conn)
			}
			reg.SetConfig(conn.Config{MaxPending: 100})
			if closed := reg.Renew(); closed != 0 {
				t.Errorf("closed %d", closed)
			}
			if late {
				reg.Add(&e.Conn)
			}
			go e.Run()
			e.Send(strings.Repeat("x", 101))
			if r := <-e.closed; r != conn.SlowConsumerPendingBytes {
				t.Errorf("closed for %q", r)
			}
		})
	}
}

// TestRenewConnections closes those that came last.
func TestRenewConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := newRegistry()
		var all [3]*echo
		for i := range all {
			e, nc := pair(reg, "tcp")
			defer nc.Close()
			go io.Copy(io.Discard, nc)
			all[i] = e
		}
		all[0].Close(conn.Kicked, "") // it makes room, though it may not be gone yet
		reg.SetConfig(conn.Config{MaxConnections: 1})
		if closed := reg.Renew(); closed != 1 {
			t.Errorf("closed %d", closed)
		}
		if r := <-all[2].closed; r != conn.MaxConnectionsExceeded {
			t.Errorf("closed for %q", r)
		}
		synctest.Wait()
		if reg.Len() != 1 || all[1].Closing() {
			t.Errorf("%d are left", reg.Len())
		}
		reg.SetConfig(conn.Config{MaxConnections: -1})
		if closed := reg.Renew(); closed != 1 {
			t.Errorf("closed %d", closed)
		}
		all[1].Close(conn.Kicked, "")
	})
}

// TestRenewPings: shorter intervals begin at once, longer ones with the next ping, and frames may begin on the way.
func TestRenewPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := newRegistry()
		e, nc := pair(reg, "ws")
		alive := conn.KeepAlive{Interval: time.Hour}
		e.StartPings(func() conn.KeepAlive { return alive })
		time.Sleep(time.Minute)
		alive = conn.KeepAlive{Interval: 10 * time.Second, WSInterval: 4 * time.Second}
		reg.Renew()
		var ping, frame time.Duration
		go func() {
			time.Sleep(11 * time.Second)
			nc.Close()
		}()
		wsPeer(t, nc, true, func(ev ws.Event, at time.Duration) {
			switch {
			case ev.Kind == ws.EventPing && frame == 0:
				frame = at
			case ev.Kind == ws.EventData && ping == 0:
				ping = at
			}
		})
		if ping != 10*time.Second || frame != 4*time.Second {
			t.Errorf("PING after %v, a frame after %v", ping, frame)
		}
		<-e.closed
	})
}
