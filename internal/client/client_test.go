package client_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
)

func TestPubSub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		a, b := h.connect(""), h.connect("")
		a.send("SUB foo.* 7\r\nSUB foo.> g 8\r\nPING\r\n")
		a.want("PONG")
		b.send("PUB foo.bar 5\r\nhello\r\nPUB foo.bar reply 0\r\n\r\nPING\r\n")
		b.want("PONG")
		got := []string{a.line(), a.line(), a.line(), a.line()}
		want := map[string]bool{"MSG foo.bar 7 5": true, "MSG foo.bar 8 5": true}
		if !want[got[0]] || got[1] != "hello" || !want[got[2]] || got[0] == got[2] {
			t.Errorf("got %q", got)
		}
		got = []string{a.line(), a.line(), a.line(), a.line()}
		if got[0] != "MSG foo.bar 7 reply 0" && got[0] != "MSG foo.bar 8 reply 0" || got[1] != "" {
			t.Errorf("got %q", got)
		}
	})
}

func TestVerboseAndPedanticUntilConnectSaysOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		p := h.dial()
		p.line()
		p.send("SUB foo 1\r\nPUB foo 2\r\nhi\r\nPUB foo.* 0\r\n\r\nCONNECT {\"verbose\":false}\r\nPUB foo 0\r\n\r\n")
		p.want("+OK", "+OK", "MSG foo 1 2", "hi", "-ERR 'Invalid Publish Subject'", "+OK", "MSG foo 1 0", "")
	})
}

func TestHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		with, without := h.connect(`,"headers":true`), h.connect("")
		with.send("SUB foo 1\r\nPING\r\n")
		with.want("PONG")
		without.send("SUB foo 2\r\nPING\r\n")
		without.want("PONG")
		with.send("HPUB foo 18 23\r\nNATS/1.0\r\nA: b\r\n\r\nhello\r\n")
		with.want("HMSG foo 1 18 23", "NATS/1.0", "A: b", "", "hello")
		without.want("MSG foo 2 5", "hello")
		without.send("HPUB foo 12 12\r\nNATS/1.0\r\n\r\n\r\n")
		without.want("EOF")
	})
}

func TestNoResponders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		p := h.connect(`,"headers":true,"no_responders":true`)
		p.send("SUB inbox.* 3\r\nPUB ask inbox.1 2\r\nhi\r\n")
		p.want("HMSG inbox.1 3 35 35", "NATS/1.0 503", "Nats-Subject: ask", "", "")
	})
}

func TestUnsubscribeAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		p := h.connect("")
		p.send("SUB foo 1\r\nUNSUB 1 2\r\nPUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nPUB foo 1\r\nc\r\nPING\r\n")
		p.want("MSG foo 1 1", "a", "MSG foo 1 1", "b", "PONG")
		p.send("SUB foo 1\r\nPUB foo 1\r\nd\r\nUNSUB 1 1\r\nPUB foo 1\r\ne\r\nPING\r\n")
		p.want("MSG foo 1 1", "d", "PONG")
		if n := h.env.Accounts.Global().Subs().Len(); n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
	})
}

// Every error that ends the connection is delivered, after the replies that were queued before it.
func TestFatalErrors(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, row := range []struct {
		name, send string
		want       []string
		reason     conn.Reason
	}{
		{"unknown verb", "PING\r\nFOO\r\n", []string{"PONG", "-ERR 'Unknown Protocol Operation'"}, conn.ProtocolViolation},
		{"too large", "PING\r\nPUB foo 2000000\r\n", []string{"PONG", "-ERR 'Maximum Payload Violation'"}, conn.MaxPayloadExceeded},
		{"long line", "SUB " + long + " 1\r\n", []string{"-ERR 'maximum control line exceeded'"}, conn.MaxControlLineExceeded},
		{"bad size", "PING\r\nPUB foo x\r\n", []string{"PONG"}, conn.ProtocolViolation},
		{"protocol 2", "CONNECT {\"protocol\":2}\r\n", []string{"-ERR 'invalid client protocol'"}, conn.BadClientProtocolVersion},
		{"no_responders alone", "CONNECT {\"no_responders\":true}\r\n",
			[]string{"-ERR 'no responders requires headers support'"}, conn.NoRespondersRequiresHeaders},
		{"bad JSON", "CONNECT {x}\r\n", nil, conn.ProtocolViolation},
		{"account", "CONNECT {\"account\":\"A\"}\r\n", []string{"-ERR 'Authorization Violation'"}, conn.AuthenticationViolation},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := new(house).start(t)
				other := h.connect("")
				other.send("SUB foo 1\r\n")
				p := h.connect("")
				go p.nc.Write([]byte(row.send)) // the pipe has no buffer: the server may close before it has read all
				p.want(append(row.want, "EOF")...)
				synctest.Wait()
				if n := h.env.Registry.Closes(row.reason); n != 1 {
					t.Errorf("closed %d times for %q", n, row.reason)
				}
				other.send("PUB foo 2\r\nok\r\n")
				other.want("MSG foo 1 2", "ok")
			})
		})
	}
}

func TestErrorsThatDoNotClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{config: client.Config{MaxSubscriptions: 2}}).start(t)
		p := h.connect("")
		p.send("SUB foo. 1\r\nSUB a 1\r\nSUB b 2\r\nSUB c 3\r\nSUB d 2\r\nPUB a 0\r\n\r\nPING\r\n")
		p.want("-ERR 'Invalid Subject'", "-ERR 'maximum subscriptions exceeded'", "MSG a 1 0", "", "PONG")
	})
}

func TestLogin(t *testing.T) {
	user := auth.Config{Username: "u", Password: "p"}
	for _, row := range []struct {
		name    string
		auth    auth.Config
		connect string
		ok      bool
	}{
		{"right", user, `{"user":"u","pass":"p","verbose":false}`, true},
		{"wrong password", user, `{"user":"u","pass":"q"}`, false},
		{"nobody", user, `{}`, false},
		{"token", auth.Config{Token: "t"}, `{"auth_token":"t","verbose":false}`, true},
		{"wrong token", auth.Config{Token: "t"}, `{"auth_token":"u"}`, false},
		{"bcrypt", auth.Config{Username: "u", Password: "$2a$04$rTc.qTF06OE/VGcwWqYMlOeeOyESOoUNhxVx53PeHqqYfyY3YOZsi"},
			`{"user":"u","pass":"p"}`, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := (&house{auth: row.auth, timeout: time.Second}).start(t)
				p := h.dial()
				p.line()
				p.send("CONNECT " + row.connect + "\r\n")
				if row.ok {
					p.send("PING\r\n")
					p.want("PONG")
					return
				}
				p.want("-ERR 'Authorization Violation'", "EOF")
			})
		})
	}
}

func TestNothingBeforeLogin(t *testing.T) {
	for _, op := range []string{"PING\r\n", "SUB foo 1\r\n", "PUB foo 0\r\n\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			h := (&house{auth: auth.Config{Token: "t"}, timeout: time.Second}).start(t)
			p := h.dial()
			p.line()
			go p.nc.Write([]byte(op))
			p.want("-ERR 'Authorization Violation'", "EOF")
		})
	}
}

func TestLoginTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{auth: auth.Config{Token: "t"}, timeout: 1500 * time.Millisecond}).start(t)
		p := h.dial()
		p.line()
		start := time.Now()
		p.want("-ERR 'Authentication Timeout'", "EOF")
		if d := time.Since(start); d != 1500*time.Millisecond {
			t.Errorf("after %v", d)
		}
	})
}

func TestStaleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{limits: conn.Config{PingInterval: 10 * time.Second, PingMax: 2}}).start(t)
		p := h.connect("")
		start := time.Now()
		p.want("PING")
		if d := time.Since(start); d < 2*time.Second || d > 3*time.Second {
			t.Errorf("first PING after %v, want 2 s and up to a fifth more", d)
		}
		p.want("PING", "-ERR 'Stale Connection'", "EOF")
	})
}

func TestPongsKeepAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{limits: conn.Config{PingInterval: 10 * time.Second, PingMax: 1}}).start(t)
		p := h.connect("")
		for range 20 {
			p.want("PING")
			p.send("PONG\r\n")
		}
	})
}

func TestBusyPeersAreNotPinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{limits: conn.Config{PingInterval: 10 * time.Second, PingMax: 1}}).start(t)
		p := h.connect("")
		p.want("PING")
		p.send("PONG\r\n")
		for range 60 {
			<-time.After(time.Second)
			p.send("PUB foo 0\r\n\r\n")
		}
		p.send("SUB x 1\r\nPUB x 0\r\n\r\n")
		p.want("MSG x 1 0")
	})
}

func TestSlowConsumerPendingBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{limits: conn.Config{MaxPending: 10_000, WriteDeadline: time.Minute}}).start(t)
		slow, fast, pub := h.connect(""), h.connect(""), h.connect("")
		for _, p := range []*peer{slow, fast} {
			p.send("SUB foo 1\r\nPING\r\n")
			p.want("PONG")
		}
		payload := strings.Repeat("x", 1000)
		for range 30 {
			pub.send("PUB foo 1000\r\n" + payload + "\r\nPING\r\n")
			pub.want("PONG")
			fast.want("MSG foo 1 1000", payload)
		}
		synctest.Wait()
		if n := h.env.Registry.Closes(conn.SlowConsumerPendingBytes); n != 1 {
			t.Errorf("%d slow consumers", n)
		}
		if n := h.env.Registry.Len(); n != 2 {
			t.Errorf("%d connections are left, want 2", n)
		}
	})
}

func TestSlowConsumerWriteDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{limits: conn.Config{WriteDeadline: 5 * time.Second}}).start(t)
		slow, pub := h.connect(""), h.connect("")
		slow.send("SUB foo 1\r\nPING\r\n")
		slow.want("PONG")
		pub.send("PUB foo 1\r\nx\r\nPING\r\n")
		pub.want("PONG")
		<-time.After(6 * time.Second)
		synctest.Wait()
		if n := h.env.Registry.Closes(conn.SlowConsumerWriteDeadline); n != 1 {
			t.Errorf("%d slow consumers", n)
		}
	})
}

func TestTooManyConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{limits: conn.Config{MaxConnections: 1}}).start(t)
		first := h.connect("")
		second := h.dial()
		second.line()
		second.want("-ERR 'maximum connections exceeded'", "EOF")
		first.nc.Close()
		synctest.Wait()
		h.connect("")
	})
}

// The account is told with the first PONG, and only to clients that understand INFO at any time.
func TestSecondInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		p := h.dial()
		p.line()
		p.send("CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\nPING\r\n")
		p.want("PONG")
		if line := p.line(); !strings.Contains(line, `"connect_info":true,"remote_account":"$G"`) {
			t.Errorf("second INFO: %s", line)
		}
		p.want("PONG")
		q := h.connect(`,"protocol":0`)
		q.send("PING\r\n")
		q.want("PONG")
	})
}

// Any cut of the stream gives the same answers.
func TestAnyCut(t *testing.T) {
	const script = "CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB a.* 1\r\nPUB a.b 5\r\nhello\r\n" +
		"PUB no 5\r\nxxxxx\r\nPUB a.b 5\r\nworld\r\nPUB no 5\r\nyyyyy\r\nPUB a.b 5\r\nthere\r\nPUB no 5\r\nzzzzz\r\n" +
		"HPUB a.c 12 14\r\nNATS/1.0\r\n\r\nhi\r\nUNSUB 1\r\nPUB a.b 0\r\n\r\nPING\r\n"
	want := []string{"MSG a.b 1 5", "hello", "MSG a.b 1 5", "world", "MSG a.b 1 5", "there", "HMSG a.c 1 12 14", "NATS/1.0", "", "hi", "PONG"}
	for size := 1; size < len(script); size++ {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := new(house).start(t).dial()
				p.line()
				go func() {
					for rest := script; rest != ""; {
						n := min(size, len(rest))
						p.nc.Write([]byte(rest[:n]))
						rest = rest[n:]
					}
				}()
				p.want(want...)
			})
		})
	}
}

func TestCloseRemovesInterest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		p := h.connect("")
		p.send("SUB foo 1\r\nSUB bar g 2\r\nPING\r\n")
		p.want("PONG")
		if n := h.env.Accounts.Global().Subs().Len(); n != 2 {
			t.Fatalf("%d subscriptions", n)
		}
		p.nc.Close()
		synctest.Wait()
		if n := h.env.Accounts.Global().Subs().Len(); n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
		closed := h.env.Registry.Closed()
		if len(closed) != 1 || closed[0].Reason != conn.ClientClosed || closed[0].NumSub != 2 {
			t.Errorf("closed: %+v", closed)
		}
	})
}
