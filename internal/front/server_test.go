package front_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/front"
	"weir/internal/listener"
	"weir/internal/transport"
	"weir/ws"
)

// dates are what differs between two answers.
var dates = regexp.MustCompile(`Date: [^\r]*\r\n`)

// house is an upgrader that lets everybody in, greets, and closes.
func house(refused chan<- string) *front.Upgrader {
	return &front.Upgrader{
		Policy: func() *ws.UpgradePolicy {
			return &ws.UpgradePolicy{SameOrigin: true, Compression: true, Protocols: []string{"nats"}}
		},
		Open: func(c *transport.Conn, _ *http.Request) func() {
			return func() {
				flushNothing(c)
				c.CloseWrite()
				c.Linger(patience)
				c.Close()
			}
		},
		Pages: func(r *http.Request) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, err := io.ReadAll(r.Body)
				fmt.Fprintf(w, "%s %s, TLS %v, %q %v", r.Method, r.URL, r.TLS != nil, b, err)
			})
		},
		Refused: func(_ string, why *ws.UpgradeError) { refused <- why.Reason },
	}
}

// conversation sends text, says that this was all, and returns everything that comes back.
func conversation(t *testing.T, addr net.Addr, secure *tls.Config, text string) string {
	t.Helper()
	nc, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	half := nc.(interface{ CloseWrite() error })
	var stream net.Conn = nc
	if secure != nil {
		c := tls.Client(nc, secure)
		stream, half = c, c
	}
	go func() {
		io.WriteString(stream, text) // the server may stop reading
		half.CloseWrite()
	}()
	b, err := io.ReadAll(stream)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Fatal("the server waits for ever")
	}
	return dates.ReplaceAllString(string(b), "")
}

var conversations = []struct{ name, text string }{
	{"upgrade", upgradeWith()},
	{"upgrade of a page", upgradeWith("Origin: http://inner", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
		"Sec-WebSocket-Protocol: x, nats", "Pragma: no-cache", "Cache-Control: no-cache", "Cookie: a=b")},
	{"large upgrade", upgradeWith("Cookie: " + strings.Repeat("x", 7000))},
	{"path and query", strings.Replace(upgradeWith(), "GET / ", "GET /a/%2e?b=c ", 1)},
	{"names in lower case", strings.ToLower(strings.Replace(upgradeWith(), "dGhlIHNhbXBsZSBub25jZQ==", strings.Repeat("a", 22)+"==", 1)[14:])},
	{"HTTP/1.0", strings.Replace(upgradeWith(), "HTTP/1.1", "HTTP/1.0", 1)},
	{"LF only", strings.ReplaceAll(upgradeWith(), "\r\n", "\n")},
	{"with a length", upgradeWith("Content-Length: 0")},
	{"early bytes", upgradeWith() + "\x82\x80\x00\x00\x00\x00"},
	{"bad version", strings.Replace(upgradeWith(), ": 13", ": 12", 1)},
	{"foreign origin", upgradeWith("Origin: http://outer")},
	{"leaf node", strings.Replace(upgradeWith(), "GET / ", "GET /leafnode ", 1)},
	{"bad, then good", strings.Replace(upgradeWith(), ": 13", ": 12", 1) + upgradeWith()},
	{"good, then good", upgradeWith() + upgradeWith()},
	{"page, then upgrade", plain("GET", "/page") + upgradeWith()},
	{"pages", plain("GET", "/a") + plain("HEAD", "/b") + plain("POST", "/c", "Content-Length: 5") + "hello" + plain("GET", "/d", "Connection: close")},
	{"large body", plain("POST", "/", "Content-Length: 100000") + strings.Repeat("x", 100_000)},
	{"no host", strings.Replace(upgradeWith(), "Host: inner\r\n", "", 1)},
	{"two hosts", upgradeWith("Host: outer")},
	{"odd host", strings.Replace(upgradeWith(), "Host: inner", "Host: in/ner", 1)},
	{"bad name", upgradeWith("X y: z")},
	{"bad value", upgradeWith("X: \x00")},
	{"continued line", upgradeWith("X: y", " z")},
	{"bad escape", strings.Replace(upgradeWith(), "GET / ", "GET /%zz ", 1)},
	{"too large", upgradeWith("Cookie: " + strings.Repeat("x", 20_000))},
	{"a line without end", strings.Repeat("x", 20_000)},
	{"half a head", upgradeWith()[:60]},
	{"one byte", "G"},
	{"nothing", ""},
	{"NATS", "CONNECT {}\r\nPING\r\n"},
	{"TLS", "\x16\x03\x01\x00\x05hello"},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
}

// Whoever reads the request, the peer gets the same: a Server, whether the bytes come at once or not, and net/http.
func TestAsNetHTTP(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls %v", withTLS), func(t *testing.T) {
			var server, client *tls.Config
			if withTLS {
				server, client = certificate(t)
			}
			refused := make(chan string, 100)
			up := house(refused)
			ours, theirs := listen(t), listen(t)
			secure := func() *tls.Config { return server }
			reference := &http.Server{Handler: up, MaxHeaderBytes: 8 << 10, ErrorLog: log.New(io.Discard, "", 0)}
			go reference.Serve(secured(theirs, server))
			t.Cleanup(func() { reference.Close() })
			if !withTLS {
				secure = nil
			}
			serveFront(t, ours, front.New(up, &http.Server{Handler: up, MaxHeaderBytes: 8 << 10, ErrorLog: log.New(io.Discard, "", 0)},
				secure, slog.New(slog.DiscardHandler)))
			for _, row := range conversations {
				t.Run(row.name, func(t *testing.T) {
					for len(refused) > 0 {
						<-refused
					}
					want := conversation(t, theirs.Addr(), client, row.text)
					if got := conversation(t, ours.Addr(), client, row.text); got != want {
						t.Errorf("\n got %.1000q\nwant %.1000q", got, want)
					}
				})
			}
			t.Run("no TLS", func(t *testing.T) {
				if !withTLS {
					return
				}
				want := conversation(t, theirs.Addr(), nil, upgradeWith())
				if got := conversation(t, ours.Addr(), nil, upgradeWith()); got != want || !strings.HasPrefix(got, "HTTP/1.0 400 ") {
					t.Errorf("\n got %q\nwant %q", got, want)
				}
			})
		})
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := listener.Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// secured is l with our TLS, as net/http meets it in a Server.
func secured(l net.Listener, config *tls.Config) net.Listener {
	if config == nil {
		return l
	}
	return listener.TLS(l, func() *tls.Config { return config })
}

// serveFront serves l until the end of the test.
func serveFront(t *testing.T, l net.Listener, s *front.Server) {
	served := make(chan struct{})
	go func() {
		s.Serve(l)
		close(served)
	}()
	t.Cleanup(func() {
		l.Close()
		s.Close()
		<-served
	})
}

// A head may have so many bytes and not one more, also where the limit is below the first buffer; who sends more is counted.
func TestHeadSize(t *testing.T) {
	for _, most := range []int{1 << 10, 8 << 10} {
		refused := make(chan string, 10)
		l := listen(t)
		serveFront(t, l, front.New(house(refused), &http.Server{Handler: house(refused), MaxHeaderBytes: most}, nil, slog.New(slog.DiscardHandler)))
		for _, tt := range []struct {
			size int
			want string
		}{{most, "HTTP/1.1 101 "}, {most + 1, "HTTP/1.1 431 "}, {most + 3000, "HTTP/1.1 431 "}} {
			request := upgradeWith("X: ")
			request = upgradeWith("X: " + strings.Repeat("x", tt.size-len(request)))
			if got := conversation(t, l.Addr(), nil, request); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%d of %d: %.40q", tt.size, most, got)
			}
			if strings.Contains(tt.want, "431") {
				if why := <-refused; !strings.Contains(why, "header is too long") {
					t.Errorf("refused: %s", why)
				}
			}
		}
	}
}

// A head that comes in pieces is the same head, and needs no more memory than it has bytes.
func TestPieces(t *testing.T) {
	s := open(t, transport.Guard{}, false, nil)
	request := upgradeWith("Cookie: " + strings.Repeat("x", 3000))
	for _, size := range []int{1, 7, 1000} {
		nc := s.dial(t, "")
		for rest := request; rest != ""; rest = rest[min(size, len(rest)):] {
			if _, err := io.WriteString(nc, rest[:min(size, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		if resp := answer(t, nc); resp.StatusCode != 101 {
			t.Errorf("in pieces of %d: %s", size, resp.Status)
		}
		(<-s.conns).Close()
	}
}

// pipes is a listener of in-memory connections.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	nc, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return nc, nil
}

func (p pipes) Close() error { close(p); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial() net.Conn {
	here, there := net.Pipe()
	p <- there
	return here
}

// limited is a Server with pipes and a limit of 10 s, in a bubble.
func limited(t *testing.T) (pipes, *front.Server) {
	up := house(make(chan string, 100))
	p := make(pipes)
	s := front.New(up, &http.Server{
		Handler: up, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second,
	}, nil, slog.New(slog.DiscardHandler))
	served := make(chan struct{})
	go func() {
		s.Serve(p)
		close(served)
	}()
	t.Cleanup(func() {
		s.Close()
		<-served
	})
	return p, s
}

// The time for a handshake is not longer for those who are handed to net/http on the way.
func TestHandshakeLimit(t *testing.T) {
	for name, pieces := range map[string][2]string{
		"silent":                   {"", ""},
		"half a head":              {upgradeWith()[:30], upgradeWith()[30:60]},
		"half a head of a page":    {"POST / HTTP/1.1\r\n", "Host: a\r\n"},
		"bad upgrade without end":  {upgradeWith()[:60], "\r\nX y: z\r\n"},
		"a page that gets no body": {"", plain("POST", "/", "Content-Length: 10")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := limited(t)
				defer p.Close()
				start := time.Now()
				nc := p.dial()
				defer nc.Close()
				io.WriteString(nc, pieces[0])
				time.Sleep(6 * time.Second)
				io.WriteString(nc, pieces[1])
				io.ReadAll(nc)
				if took := time.Since(start); took < 10*time.Second || took > 11*time.Second {
					t.Errorf("closed after %v", took)
				}
			})
		})
	}
}

// A shutdown lets a young handshake come to its end, does not wait for an old one, and not for ever.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := limited(t)
		old := p.dial()
		time.Sleep(6 * time.Second)
		young, never := p.dial(), p.dial()
		synctest.Wait()
		p.Close()
		var wg sync.WaitGroup
		start := time.Now()
		wg.Go(func() {
			if b, err := io.ReadAll(old); len(b) > 0 || err != nil || time.Since(start) > 0 {
				t.Errorf("old: %q, %v, after %v", b, err, time.Since(start))
			}
		})
		wg.Go(func() {
			time.Sleep(time.Second)
			go io.WriteString(young, strings.Replace(upgradeWith(), ": 13", ": 12", 1))
			if resp := answer(t, young); resp.StatusCode != 400 {
				t.Error(resp.Status)
			}
			young.Close()
		})
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != context.DeadlineExceeded {
			t.Error(err)
		}
		s.Close()
		if b, err := io.ReadAll(never); len(b) > 0 || err != nil {
			t.Errorf("never: %q, %v", b, err)
		}
		wg.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		p, s := limited(t)
		p.Close()
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// lines takes the lines of a log.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// A panic in a handshake ends that connection.
func TestPanic(t *testing.T) {
	logged := make(lines, 10)
	up := house(make(chan string, 1))
	policy := up.Policy
	up.Policy = func() *ws.UpgradePolicy { panic("injected") }
	l := listen(t)
	s := front.New(up, &http.Server{Handler: up, ErrorLog: log.New(logged, "", 0)}, nil, slog.New(slog.DiscardHandler))
	serveFront(t, l, s)
	if got := conversation(t, l.Addr(), nil, upgradeWith()); got != "" {
		t.Errorf("got %q", got)
	}
	if line := <-logged; !strings.Contains(line, "injected") {
		t.Errorf("logged %q", line)
	}
	up.Policy = policy
	if got := conversation(t, l.Addr(), nil, upgradeWith()); !strings.HasPrefix(got, "HTTP/1.1 101 ") {
		t.Errorf("afterwards: %q", got)
	}
}
