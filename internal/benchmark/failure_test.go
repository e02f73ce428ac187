package benchmark_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/benchmark"
)

// refuses runs a load and wants a connection error with these words, no report, and no secret.
func refuses(t *testing.T, c benchmark.Config, words ...string) {
	t.Helper()
	report, err := benchmark.Run(t.Context(), c, none)
	var refused *benchmark.ConnectError
	if !errors.As(err, &refused) || report != nil {
		t.Errorf("%v, %v, want a connection error", report, err)
		return
	}
	for _, w := range append(words, "can not connect to "+refused.Server) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v, want %q in it", err, w)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error has a password: %v", err)
	}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestNobodyListens(t *testing.T) {
	for _, scheme := range []string{"nats", "tls", "ws", "wss"} {
		for _, command := range benchmark.Commands {
			refuses(t, small(command, scheme+"://user:secret@"+closedPort(t)), scheme+"://127.0.0.1:", "connection refused")
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		scheme string // in place of nats
		script func(*peer)
		words  []string
	}{
		{"error behind CONNECT", "", func(p *peer) {
			p.say("INFO {\"server_id\":\"X\"}\r\n")
			p.until("PING")
			p.say("-ERR 'Authorization Violation'\r\n")
		}, []string{"the server says 'Authorization Violation'"}},
		{"error in place of INFO", "", func(p *peer) { p.say("-ERR 'maximum connections exceeded'\r\n") }, []string{"maximum connections"}},
		{"closed before INFO", "", func(*peer) {}, []string{"the server closed the connection"}},
		{"closed behind INFO", "", func(p *peer) {
			p.say("INFO {\"server_id\":\"X\"}\r\n")
			p.until("PING")
		}, []string{"the server closed the connection"}},
		{"not NATS", "", func(p *peer) { p.say("220 mail\r\n") }, []string{"can not be read"}},
		{"INFO without an object", "", func(p *peer) { p.say("INFO x\r\n") }, []string{"connect"}},
		{"no TLS", "tls", func(p *peer) {
			p.say("INFO {\"server_id\":\"X\"}\r\n")
			p.drain()
		}, []string{"no TLS"}},
		{"not TLS", "wss", func(p *peer) {
			p.say("INFO {\"server_id\":\"X\"}\r\n")
			p.drain()
		}, []string{"tls: "}},
		{"NATS behind ws", "ws", func(p *peer) {
			p.say("INFO {\"server_id\":\"X\"}\r\n")
			p.drain()
		}, []string{"does not speak HTTP"}},
		{"not found", "ws", func(p *peer) {
			p.until("Host: ")
			p.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
			p.drain()
		}, []string{"refuses the upgrade: 404 Not Found"}},
		{"wrong accept", "ws", func(p *peer) {
			p.until("Host: ")
			p.say("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")
			p.drain()
		}, []string{"Sec-WebSocket-Accept"}},
		{"no response", "ws", func(p *peer) { p.until("Host: ") }, []string{"no answer to the upgrade"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := listen(t, tt.script)
			if tt.scheme != "" {
				server = tt.scheme + strings.TrimPrefix(server, "nats")
			}
			refuses(t, small(benchmark.Pub, server), tt.words...)
		})
	}
}

// TestSilentServer: who says nothing is given up on.
func TestSilentServer(t *testing.T) {
	server := listen(t, (*peer).drain)
	for scheme, words := range map[string]string{"nats": "no INFO in time", "ws": "not connected after 1s", "wss": "not connected after 1s"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			c := small(benchmark.Pub, scheme+strings.TrimPrefix(server, "nats"))
			c.Target.Timeout = time.Second
			refuses(t, c, words)
		})
	}
}

// fails runs a load and wants an error with these words that ends it early.
func fails(t *testing.T, c benchmark.Config, words string) *benchmark.Report {
	t.Helper()
	report, err := benchmark.Run(t.Context(), c, none)
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v, want %q in it", err, words)
	}
	return report
}

func TestLostConnections(t *testing.T) {
	gone := listen(t, func(p *peer) {
		p.welcome("")
		p.until("PUB")
	})
	fails(t, small(benchmark.Pub, gone), "connection to "+gone+":")
	fails(t, small(benchmark.Request, gone), "connection to "+gone+":")
	fails(t, small(benchmark.Fanout, gone), "connection to "+gone+":")

	denied := listen(t, func(p *peer) {
		p.welcome("")
		p.until("PUB")
		p.say("-ERR 'Permissions Violation for Publish to \"bench\"'\r\n")
		p.drain()
	})
	fails(t, small(benchmark.Pub, denied), "the server says 'Permissions Violation for Publish to \"bench\"'")

}

// TestReportOfWhatCameBefore: a load that fails tells what it has measured.
func TestReportOfWhatCameBefore(t *testing.T) {
	seen := make(chan struct{})
	server := listen(t, func(p *peer) {
		p.welcome("")
		p.say("MSG bench 1 2\r\nhi\r\n")
		<-seen
		p.say("-ERR 'Slow Consumer'\r\n")
	})
	c := small(benchmark.Sub, server)
	c.Progress = time.Millisecond
	once := sync.OnceFunc(func() { close(seen) })
	report, err := benchmark.Run(t.Context(), c, func(p benchmark.Progress) {
		if p.Done == 2 && p.Phase == "receiving" && p.Total == 10 {
			once()
		}
	})
	if err == nil || !strings.Contains(err.Error(), "the server says 'Slow Consumer'") {
		t.Errorf("error %v", err)
	}
	if report == nil || report.Error != err.Error() || report.Results[0].Messages != 2 || report.Results[0].Bytes != 4 || report.ServerVersion != "1.2.3" {
		t.Errorf("got %+v", report)
	}
}

func TestNothingComesBack(t *testing.T) {
	mute := listen(t, func(p *peer) {
		p.welcome("")
		p.drain()
	})
	for command, words := range map[benchmark.Command]string{
		benchmark.Pub: "no PONG in time", benchmark.Request: "no answer in time", benchmark.Fanout: "10 deliveries are missing",
	} {
		t.Run(string(command), func(t *testing.T) {
			t.Parallel()
			c := small(command, mute)
			c.Target.Timeout = time.Second
			fails(t, c, words)
		})
	}
}

func TestSizeAboveMaxPayload(t *testing.T) {
	server := listen(t, func(p *peer) {
		p.welcome("")
		p.drain()
	})
	c := small(benchmark.Pub, server)
	c.Size = 1001
	report := fails(t, c, "--size: 1001 bytes are more than the 1000")
	if report != nil {
		t.Errorf("a report of nothing: %+v", report)
	}
}

func TestNobodyAnswers(t *testing.T) {
	server := listen(t, func(p *peer) {
		p.welcome("")
		line := p.until("PUB bench _INBOX.")
		if line == "" {
			return
		}
		reply := strings.Fields(line)[2]
		p.say("HMSG %s 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", reply)
		p.drain()
	})
	fails(t, small(benchmark.Request, server), "nobody answers")
}

// TestLateAnswers: what comes too late, twice, or to nobody's question is not counted.
func TestLateAnswers(t *testing.T) {
	t.Parallel()
	server := listen(t, func(p *peer) {
		p.welcome("")
		var late string
		for n := 0; ; n++ {
			line := p.until("PUB bench _INBOX.")
			if line == "" {
				return
			}
			reply := strings.Fields(line)[2]
			if n == 1 {
				late = reply // this one is given up
				continue
			}
			for _, to := range []string{late, reply, reply, reply + "x"} {
				if to != "" {
					p.say("MSG %s 1 2\r\nhi\r\n", to)
				}
			}
		}
	})
	c := small(benchmark.Request, server)
	c.Clients = []int{1}
	c.Target.Timeout = time.Second
	report, err := benchmark.Run(t.Context(), c, none)
	if err != nil {
		t.Fatal(err)
	}
	r := report.Results[0]
	if r.Published != 5 || r.Messages != 4 || r.Unanswered != 1 || r.Bytes != 8 || r.Latency.Count != 4 {
		t.Errorf("got %+v, %+v", r, r.Latency)
	}
}

// TestIdleCountsFailures: the fourth connection is refused, the third is lost.
func TestIdleCountsFailures(t *testing.T) {
	lost := make(chan struct{})
	server := listen(t, func(p *peer) {
		switch p.number {
		case 2:
			p.welcome("")
			close(lost)
		case 3:
			p.say("-ERR 'maximum connections exceeded'\r\n")
		default:
			p.welcome("")
			p.say("PING\r\n")
			p.drain()
		}
	})
	c := benchmark.Config{
		Command: benchmark.Idle, Clients: []int{10}, Duration: time.Hour, Progress: time.Millisecond,
		Target: benchmark.Target{Server: server},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := benchmark.Run(ctx, c, func(p benchmark.Progress) {
		if p.Phase == "holding" && p.Lost == 1 {
			cancel()
		}
	})
	<-lost
	if err != nil {
		t.Fatal(err)
	}
	r := report.Results[0]
	h := r.Idle
	if !report.Interrupted || r.Connections != 9 || h.Failed != 1 || h.Lost != 1 || h.KeptMin > h.KeptAvg || h.KeptAvg > r.Seconds+60 ||
		!strings.Contains(h.FirstFailure, "maximum connections") || !strings.Contains(h.FirstLoss, "closed the connection") {
		t.Errorf("got %+v, %+v", r, h)
	}
}

func TestIdleLosesAll(t *testing.T) {
	server := listen(t, func(p *peer) { p.welcome("") })
	c := benchmark.Config{Command: benchmark.Idle, Clients: []int{5}, Duration: time.Hour, Target: benchmark.Target{Server: server}}
	report := fails(t, c, "all connections are lost")
	if report == nil || report.Results[0].Idle.Lost != 5 {
		t.Errorf("got %+v", report)
	}
}
