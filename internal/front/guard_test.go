package front_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/admission"
	"weir/internal/front"
	"weir/internal/listener"
	"weir/internal/transport"
	"weir/ws"
)

// patience bounds what should take no time.
const patience = 20 * time.Second

// site is a WebSocket listener with a guard.
type site struct {
	addr    string
	guard   *transport.Guard
	conns   chan *transport.Conn // upgraded
	refused chan error           // by the guard or the upgrader
	front   *front.Server
	door    net.Listener
	closed  chan string   // has the client's address of each TCP connection that was closed
	served  chan struct{} // closed when Serve has returned
	secure  *tls.Config   // for clients; nil without TLS
}

// open starts a site. Its guard refuses with HTTP; edit may change it, and the upgrader, before it serves.
func open(t *testing.T, g transport.Guard, withTLS bool, edit func(*front.Upgrader)) *site {
	t.Helper()
	return openOn(t, "127.0.0.1:0", g, withTLS, edit)
}

// openOn is open on an address.
func openOn(t *testing.T, address string, g transport.Guard, withTLS bool, edit func(*front.Upgrader)) *site {
	t.Helper()
	l, err := listener.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{
		addr: l.Addr().String(), guard: &g, conns: make(chan *transport.Conn, 100),
		refused: make(chan error, 1000), closed: make(chan string, 1000), served: make(chan struct{}),
	}
	g.Refused = func(_ string, why error) { s.refused <- why }
	g.Answer = front.Refusal
	var secure func() *tls.Config
	if withTLS {
		server, client := certificate(t)
		secure, s.secure = func() *tls.Config { return server }, client
	}
	g.TLS = secure
	l = g.Listen(telling{l, s.closed})
	up := &front.Upgrader{
		Policy:  func() *ws.UpgradePolicy { return nil },
		Open:    func(c *transport.Conn, _ *http.Request) func() { return func() { s.greet(c) } },
		Refused: func(_ string, why *ws.UpgradeError) { s.refused <- why },
	}
	up.Guard.Store(&g)
	if edit != nil {
		edit(up)
	}
	s.front = front.New(up, &http.Server{Handler: up}, secure, slog.New(slog.DiscardHandler))
	go func() {
		s.front.Serve(l)
		close(s.served)
	}()
	s.door = l
	t.Cleanup(s.close)
	return s
}

func (s *site) close() {
	s.door.Close()
	s.front.Close()
	<-s.served
}

// greet flushes nothing, and with it the answer to the upgrade.
func (s *site) greet(c *transport.Conn) {
	flushNothing(c)
	s.conns <- c
}

func flushNothing(c *transport.Conn) {
	w := transport.GetWire()
	defer w.Put()
	if c.Frame(w) == nil {
		c.WriteAll(w, patience)
	}
}

// telling is a listener that tells when its connections are closed.
type telling struct {
	net.Listener
	closed chan<- string
}

func (l telling) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if tcp, ok := nc.(*net.TCPConn); ok {
		nc = tellingConn{tcp, l.closed}
	}
	return nc, err
}

type tellingConn struct {
	*net.TCPConn
	closed chan<- string
}

func (c tellingConn) Close() error {
	err := c.TCPConn.Close()
	if err == nil {
		c.closed <- c.RemoteAddr().String()
	}
	return err
}

// dial connects and sends first, which may be empty.
func (s *site) dial(t *testing.T, first string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, first); err != nil {
		t.Fatal(err)
	}
	if s.secure != nil {
		nc = tls.Client(nc, s.secure)
	}
	return nc
}

// certificate is one of a test server, and who believes it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com" // one of the names in it
	return &tls.Config{Certificates: s.TLS.Certificates}, client
}

// upgradeWith is a request for an upgrade with more headers.
func upgradeWith(lines ...string) string {
	return "GET / HTTP/1.1\r\nHost: inner\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + strings.Join(append(lines, "\r\n"), "\r\n")
}

// ask sends text and returns the answer.
func ask(t *testing.T, nc net.Conn, text string) *http.Response {
	t.Helper()
	if _, err := io.WriteString(nc, text); err != nil {
		t.Fatal(err)
	}
	return answer(t, nc)
}

func answer(t *testing.T, nc net.Conn) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// body is the whole body of an answer after which the connection closes.
func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// trusting is a guard with proxies on this machine.
func trusting(t *testing.T, l admission.Limits) transport.Guard {
	t.Helper()
	p, err := admission.ParseProxies([]string{"127.0.0.1", "unix"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return transport.Guard{Gate: admission.NewGate(l), Proxies: func() *admission.Proxies { return p }}
}

// Who comes when enough handshakes are under way gets an answer; a place is free again once a handshake is over, or its
// connection.
//
// parity: 9.4.8.4
func TestTooManyHandshakes(t *testing.T) {
	g := transport.Guard{Gate: admission.NewGate(admission.Limits{HalfOpen: 2})}
	s := open(t, g, false, nil)
	first, second := s.dial(t, ""), s.dial(t, "")
	resp := answer(t, s.dial(t, "GET / HTTP/1.1\r\n"))
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "2" || !resp.Close || body(t, resp) != "Service Unavailable\n" {
		t.Errorf("answer %+v", resp)
	}
	if why := <-s.refused; why != error(admission.HalfOpenFull) {
		t.Errorf("refused: %v", why)
	}
	if resp := ask(t, first, upgradeWith()); resp.StatusCode != 101 {
		t.Fatal(resp.Status)
	}
	c := <-s.conns
	if n := g.Gate.Counts().HalfOpen; n != 2 {
		t.Errorf("%d half-open after the upgrade", n)
	}
	c.Trust()
	if n := g.Gate.Counts().HalfOpen; n != 1 {
		t.Errorf("%d half-open after the login", n)
	}
	second.Close()
	for <-s.closed != second.LocalAddr().String() {
	}
	if n := g.Gate.Counts().HalfOpen; n != 0 {
		t.Errorf("%d half-open at the end", n)
	}
	c.Close()
}

// Over TLS some of the refused are told, too, but not when there are too many handshakes in a second.
func TestRefusedTLS(t *testing.T) {
	for _, tt := range []struct {
		limits admission.Limits
		after  string
	}{
		{admission.Limits{HalfOpen: 1}, "2"},
		{admission.Limits{HandshakesPerSecond: 1}, ""},
	} {
		g := transport.Guard{Gate: admission.NewGate(tt.limits)}
		s := open(t, g, true, nil)
		first := s.dial(t, "")
		told, closed := 0, 0
		for range 40 {
			nc := s.dial(t, "")
			if err := nc.(*tls.Conn).Handshake(); err != nil {
				closed++
				continue
			}
			resp := ask(t, nc, upgradeWith())
			if resp.StatusCode == 101 { // a second has passed
				(<-s.conns).Close()
				continue
			}
			if told++; resp.StatusCode != 503 || resp.Header.Get("Retry-After") != tt.after || !resp.Close {
				t.Errorf("answer %+v", resp)
			}
		}
		if (told > 0) != (tt.after != "") || closed == 0 {
			t.Errorf("%+v: %d were told, %d were not", tt.limits, told, closed)
		}
		if resp := ask(t, first, upgradeWith()); resp.StatusCode != 101 {
			t.Fatal(resp.Status)
		}
		c := <-s.conns
		if !c.Secure() {
			t.Error("a connection with TLS is not secure")
		}
		c.Close()
		if n := g.Gate.Counts().HalfOpen; n != 0 {
			t.Errorf("%d half-open at the end", n)
		}
	}
}

// What a trusted proxy tells is the client's address, for the limits too; what others tell is not.
//
// parity: 9.4.11.1 9.4.11.2
func TestForwarded(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls %v", withTLS), func(t *testing.T) {
			s := open(t, trusting(t, admission.Limits{ConnectionsPerIP: 1}), withTLS, nil)
			upgrade := func(header string) *http.Response {
				t.Helper()
				return ask(t, s.dial(t, ""), upgradeWith(header))
			}
			upgrade("X-Forwarded-For: 6.6.6.6, 203.0.113.7")
			first := <-s.conns
			if a := first.Client().String(); a != "203.0.113.7:0" {
				t.Errorf("address %s", a)
			}
			if name := first.PeerName(); !strings.HasPrefix(name, "203.0.113.7/127.0.0.1:") {
				t.Errorf("name %s", name)
			}
			first.Trust()
			resp := upgrade("X-Forwarded-For: 203.0.113.7")
			if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "30" || !resp.Close || body(t, resp) != "Service Unavailable\n" {
				t.Errorf("second of the address: %+v", resp)
			}
			if why := <-s.refused; why.Error() != admission.ConnectionsPerIPFull.String() {
				t.Errorf("refused: %v", why)
			}
			upgrade("X-Forwarded-For: 203.0.113.8:99")
			other := <-s.conns
			if name := other.PeerName(); name != "203.0.113.8:99" {
				t.Errorf("name %s", name)
			}
			first.Close()
			if resp := upgrade("X-Forwarded-For: 203.0.113.7"); resp.StatusCode != 101 {
				t.Error("after the first has left:", resp.Status)
			}
			(<-s.conns).Close()
			other.Close()
			if n := s.guard.Gate.Counts().HalfOpen; n != 0 {
				t.Errorf("%d half-open at the end", n)
			}
		})
	}
	s := open(t, transport.Guard{}, false, nil)
	ask(t, s.dial(t, ""), upgradeWith("X-Forwarded-For: 203.0.113.7"))
	c := <-s.conns
	if a := c.Client().String(); !strings.HasPrefix(a, "127.0.0.1:") || c.PeerName() != a {
		t.Errorf("a stranger's word was taken: %s, %s", a, c.PeerName())
	}
	c.Close()
}

// same_origin compares with what the client sees, behind a proxy that ends TLS.
//
// parity: 9.4.9.6
func TestSameOriginBehindProxy(t *testing.T) {
	policy := func(u *front.Upgrader) {
		u.Policy = func() *ws.UpgradePolicy { return &ws.UpgradePolicy{SameOrigin: true} }
	}
	told := []string{"Origin: https://app.example", "X-Forwarded-Proto: https", "X-Forwarded-Host: app.example"}
	s := open(t, trusting(t, admission.Limits{}), false, policy)
	if resp := ask(t, s.dial(t, ""), upgradeWith(told...)); resp.StatusCode != 101 {
		t.Fatal(resp.Status)
	}
	c := <-s.conns
	if !c.Secure() {
		t.Error("the client's TLS is not known")
	}
	c.Close()
	if resp := ask(t, s.dial(t, ""), upgradeWith(told[:2]...)); resp.StatusCode != 403 {
		t.Error("another host:", resp.Status)
	}
	s = open(t, transport.Guard{}, false, policy)
	if resp := ask(t, s.dial(t, ""), upgradeWith(told...)); resp.StatusCode != 403 {
		t.Error("told by a stranger:", resp.Status)
	}
}

// Failed attempts on one connection cost as much as new connections: when the client may not have another, it has to come
// in again.
func TestAttemptsAreCharged(t *testing.T) {
	s := open(t, trusting(t, admission.Limits{HandshakesPerSecondPerIP: 1}), false, nil)
	nc := s.dial(t, strings.Repeat(strings.Replace(upgradeWith("X-Forwarded-For: 203.0.113.7"), ": 13", ": 12", 1), 5))
	r := bufio.NewReader(nc)
	for n := 1; ; n++ {
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 400 || n == 5 {
			t.Fatalf("attempt %d: %v, %v", n, resp, err)
		}
		body(t, resp)
		if resp.Close {
			break
		}
	}
}

// Many come at once, and there are fewer places.
func TestUpgradeStorm(t *testing.T) {
	const callers, each, most = 20, 20, 8
	g := transport.Guard{Gate: admission.NewGate(admission.Limits{HalfOpen: most})}
	closed := make(chan struct{}, callers*each)
	s := open(t, g, false, func(u *front.Upgrader) {
		u.Open = func(c *transport.Conn, _ *http.Request) func() {
			return func() {
				if n := g.Gate.Counts().HalfOpen; n > most {
					t.Errorf("%d half-open", n)
				}
				flushNothing(c)
				c.Trust()
				c.Close()
				closed <- struct{}{}
			}
		}
	})
	var yes, no atomic.Int32
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				nc, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Error(err)
					return
				}
				nc.SetDeadline(time.Now().Add(patience))
				io.WriteString(nc, upgradeWith())
				resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
				switch {
				case err == nil && resp.StatusCode == 101:
					yes.Add(1)
				case err == nil && resp.StatusCode != 503:
					t.Error(resp.Status)
				case errors.Is(err, net.ErrClosed):
					t.Error(err)
				default: // 503, or closed because too many are being told
					no.Add(1)
				}
				nc.Close()
			}
		})
	}
	all.Wait()
	for range yes.Load() {
		<-closed
	}
	s.close()
	counts := g.Gate.Counts()
	if yes.Load() == 0 || int(counts.Admitted) < int(yes.Load()) || counts.HalfOpen != 0 {
		t.Errorf("%d upgraded, %d refused; gate %+v", yes.Load(), no.Load(), counts)
	}
	if total := counts.Admitted + counts.Refused[admission.HalfOpenFull]; total != callers*each {
		t.Errorf("%d were counted, of %d", total, callers*each)
	}
}

// An HTTP proxy on a Unix socket can be trusted, too.
func TestForwardedOnUnix(t *testing.T) {
	t.Chdir(t.TempDir())
	path := "s" // short: the address of a Unix socket has about a hundred bytes
	s := openOn(t, "unix:"+path, trusting(t, admission.Limits{}), false, nil)
	for header, want := range map[string]string{"X-Forwarded-For: 203.0.113.7": "203.0.113.7/unix", "X: y": "unix"} {
		nc, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if resp := ask(t, nc, upgradeWith(header)); resp.StatusCode != 101 {
			t.Fatal(resp.Status)
		}
		c := <-s.conns
		if c.PeerName() != want {
			t.Errorf("%s: %s", header, c.PeerName())
		}
		c.Close()
		nc.Close()
	}
}
