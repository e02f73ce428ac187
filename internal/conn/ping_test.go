package conn_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/conn"
	"weir/ws"
)

// wsPeer reads frames of an echo and hands on their opcodes; it answers pings if answer is set.
func wsPeer(t *testing.T, nc io.ReadWriter, answer bool, got func(ws.Event, time.Duration)) {
	start := time.Now()
	dec := ws.NewDecoder(ws.Client, ws.DecoderOptions{})
	buf := make([]byte, 512)
	for {
		n, err := nc.Read(buf)
		if err != nil {
			return
		}
		for p := buf[:n]; len(p) > 0; {
			ev, rest, err := dec.Next(p)
			if err != nil {
				t.Error(err)
				return
			}
			p = rest
			if ev.Kind == ws.EventPing && answer {
				nc.Write(ws.AppendControl(nil, ws.OpPong, ev.Payload, nil))
			}
			if ev.Kind != ws.EventNone {
				got(ev, time.Since(start))
			}
		}
	}
}

func keep(k conn.KeepAlive) func() conn.KeepAlive { return func() conn.KeepAlive { return k } }

// A silent browser is pinged by frames, and stays as long as it answers them, for days.
func TestWebSocketPingsKeepAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, nc := pair(newRegistry(), "ws")
		e.StartPings(keep(conn.KeepAlive{Interval: 1000 * time.Hour, WSInterval: 30 * time.Second}))
		pings := 0
		wsPeer(t, nc, true, func(ev ws.Event, at time.Duration) {
			if ev.Kind == ws.EventPing {
				pings++
				if want := time.Duration(pings) * 30 * time.Second; at != want {
					t.Errorf("ping %d after %v, want %v", pings, at, want)
				}
			}
			if pings == 10_000 {
				nc.Close()
			}
		})
		if r := <-e.closed; r != conn.ClientClosed {
			t.Errorf("closed for %q", r)
		}
	})
}

func TestWebSocketPingsFindDeadPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, nc := pair(newRegistry(), "ws")
		e.StartPings(keep(conn.KeepAlive{Interval: time.Hour, WSInterval: 30 * time.Second}))
		pings := 0
		var end time.Duration
		wsPeer(t, nc, false, func(ev ws.Event, at time.Duration) {
			switch ev.Kind {
			case ws.EventPing:
				pings++
			case ws.EventClose:
				end = at
				if ev.Code != ws.CloseGoingAway || ev.Reason != "Stale Connection" {
					t.Errorf("close %d %q", ev.Code, ev.Reason)
				}
			}
		})
		if pings != 2 || end != 90*time.Second {
			t.Errorf("%d pings, end after %v; want 2 and 90 s", pings, end)
		}
		if r := <-e.closed; r != conn.StaleConnection {
			t.Errorf("closed for %q", r)
		}
	})
}

// A peer that talks is not pinged.
func TestWebSocketPingsOnlyInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, nc := pair(newRegistry(), "ws")
		e.StartPings(keep(conn.KeepAlive{Interval: time.Hour, WSInterval: 30 * time.Second}))
		go func() {
			for range 20 {
				time.Sleep(20 * time.Second)
				nc.Write(append(ws.AppendHeader(nil, true, false, ws.OpBinary, 2, nil), "hi"...))
			}
			nc.Close()
		}()
		wsPeer(t, nc, true, func(ev ws.Event, at time.Duration) {
			if ev.Kind == ws.EventPing {
				t.Errorf("ping after %v", at)
			}
		})
		<-e.closed
	})
}

func TestMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, nc := pair(newRegistry(), "ws")
		e.StartPings(keep(conn.KeepAlive{Interval: 10 * time.Hour, MaxAge: time.Hour}))
		var end time.Duration
		wsPeer(t, nc, true, func(ev ws.Event, at time.Duration) {
			if ev.Kind == ws.EventClose {
				end = at
			}
		})
		if r := <-e.closed; r != conn.MaxAgeReached || end < time.Hour || end > 66*time.Minute {
			t.Errorf("closed for %q after %v", r, end)
		}
	})
}
