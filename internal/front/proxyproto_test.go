package front_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"weir/internal/admission"
	"weir/internal/transport"
)

const (
	proxyV1   = "PROXY TCP4 203.0.113.7 127.0.0.1 4711 443\r\n"
	proxyV2   = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\x7f\x00\x00\x01\x12\x67\x01\xbb"
	proxyNone = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	proxied   = "203.0.113.7:4711"
)

// from is a PROXY protocol of the given proxies; of everybody without any.
func from(t testing.TB, list ...string) *admission.ProxyProtocol {
	t.Helper()
	if len(list) == 0 {
		return &admission.ProxyProtocol{Timeout: patience}
	}
	p, err := admission.ParseProxies(list, "")
	if err != nil {
		t.Fatal(err)
	}
	return &admission.ProxyProtocol{From: func() *admission.Proxies { return p }, Timeout: patience}
}

// The header and what follows it come in one piece; the client that it names is the one that counts.
func TestProxyProtocol(t *testing.T) {
	for _, row := range []struct {
		name, head string
		from       []string
		tls        bool
		want       string // address of the client; empty for the peer's own
	}{
		{"v1", proxyV1, []string{"127.0.0.1"}, false, proxied},
		{"v2", proxyV2, []string{"127.0.0.1"}, false, proxied},
		{"v1 below TLS", proxyV1, []string{"127.0.0.1"}, true, proxied},
		{"v2 below TLS", proxyV2, []string{"127.0.0.1"}, true, proxied},
		{"local", proxyNone, []string{"127.0.0.1"}, false, ""},
		{"unknown", "PROXY UNKNOWN\r\n", []string{"127.0.0.1"}, true, ""},
		{"from anybody", proxyV2, nil, false, proxied},
		{"left out", "", nil, false, ""},
		{"left out, with TLS", "", nil, true, ""},
		{"stranger without", "", []string{"10.0.0.0/8"}, false, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, transport.Guard{ProxyProtocol: from(t, row.from...), Gate: admission.NewGate(admission.Limits{})}, row.tls, nil)
			nc := s.dial(t, row.head)
			if resp := ask(t, nc, upgradeWith()); resp.StatusCode != 101 {
				t.Fatal(resp.Status)
			}
			c := <-s.conns
			defer c.Close()
			want := row.want
			if want == "" {
				want = nc.LocalAddr().String()
			}
			if got := c.Client().String(); got != want || c.PeerName() != want {
				t.Errorf("address %s, name %s, want %s", got, c.PeerName(), want)
			}
		})
	}
}

func TestProxyProtocolRefused(t *testing.T) {
	for _, row := range []struct {
		name, first string
		from        []string
		answer      string
		want        error
	}{
		{"missing", upgradeWith(), []string{"127.0.0.1"}, "", admission.ErrProxyHeaderMissing},
		{"invalid", "PROXY TCP4 x y 1 2\r\n", []string{"127.0.0.1"}, "", admission.ErrProxyHeaderInvalid},
		{"too long", strings.Replace(proxyV2, "\x00\x0c", "\xff\xff", 1), []string{"127.0.0.1"}, "", admission.ErrProxyHeaderTooLong},
		{"from a stranger", proxyV1 + upgradeWith(), []string{"10.0.0.0/8"}, "HTTP/1.1 400 ", nil},
		{"client may not come in", proxyV1 + upgradeWith(), []string{"127.0.0.1"}, "HTTP/1.1 503 ", admission.ConnectionsPerIPFull},
	} {
		t.Run(row.name, func(t *testing.T) {
			gate := admission.NewGate(admission.Limits{ConnectionsPerIP: 1})
			if row.want == error(admission.ConnectionsPerIPFull) {
				gate.Enter(new(admission.Pass), netip.MustParseAddr("203.0.113.7"))
			}
			s := open(t, transport.Guard{ProxyProtocol: from(t, row.from...), Gate: gate}, false, nil)
			b, err := io.ReadAll(s.dial(t, row.first))
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() || !strings.HasPrefix(string(b), row.answer) || row.answer == "" && len(b) > 0 {
				t.Errorf("got %q, %v", b, err)
			}
			if row.want != nil {
				if why := <-s.refused; !errors.Is(why, row.want) {
					t.Errorf("refused: %v", why)
				}
			}
		})
	}
}

// Who keeps his header back keeps nobody else waiting, does not wait for ever, and goes with the listener.
func TestProxyHeaderSlow(t *testing.T) {
	s := open(t, transport.Guard{ProxyProtocol: from(t, "127.0.0.1"), Gate: admission.NewGate(admission.Limits{})}, false, nil)
	slow := s.dial(t, proxyV1[:20])
	if resp := ask(t, s.dial(t, proxyV1), upgradeWith()); resp.StatusCode != 101 {
		t.Fatal(resp.Status)
	}
	(<-s.conns).Close()
	io.WriteString(slow, proxyV1[20:])
	if resp := ask(t, slow, upgradeWith()); resp.StatusCode != 101 {
		t.Fatal(resp.Status)
	}
	(<-s.conns).Close()
	silent := s.dial(t, "")
	last := s.dial(t, proxyV1+upgradeWith()) // when it is served, the silent one has been accepted
	answer(t, last)
	(<-s.conns).Close()
	s.close()
	if b, err := io.ReadAll(silent); len(b) > 0 || err != nil {
		t.Errorf("the listener is closed: %q, %v", b, err)
	}

	brief := from(t, "127.0.0.1")
	brief.Timeout = time.Millisecond
	s = open(t, transport.Guard{ProxyProtocol: brief}, false, nil)
	if b, err := io.ReadAll(s.dial(t, proxyV2[:20])); len(b) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("after the time is over: %q, %v", b, err)
	}
}
