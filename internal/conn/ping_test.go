package conn_test

import (
	"io"
	"sync/atomic"
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

// A reload gives connections that are there another age, in either direction; those that are too old leave one by one.
func TestMaxAgeChanges(t *testing.T) {
	for _, tt := range []struct{ before, after, min, max time.Duration }{
		{0, time.Hour, time.Hour, 66 * time.Minute},
		{time.Hour, 2 * time.Hour, 2 * time.Hour, 132 * time.Minute},
		{3 * time.Hour, 20 * time.Minute, 30 * time.Minute, 32 * time.Minute},
		{time.Hour, 0, 5 * time.Hour, 5 * time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			reg := newRegistry()
			e, nc := pair(reg, "ws")
			var age atomic.Int64
			age.Store(int64(tt.before))
			e.StartPings(func() conn.KeepAlive {
				return conn.KeepAlive{Interval: 10 * time.Hour, MaxAge: time.Duration(age.Load())}
			})
			start := time.Now()
			time.AfterFunc(30*time.Minute, func() {
				age.Store(int64(tt.after))
				reg.Renew()
				reg.Renew() // again with the same
			})
			time.AfterFunc(5*time.Hour, func() { nc.Close() })
			io.Copy(io.Discard, nc)
			<-e.closed
			if end := time.Since(start); end < tt.min || end > tt.max+time.Minute {
				t.Errorf("%v, then %v: closed after %v", tt.before, tt.after, end)
			}
		})
	}
}
