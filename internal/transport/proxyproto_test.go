package transport_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"weir/internal/admission"
	"weir/internal/listener"
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

// Who may leave the header out is let in when the time for it is over, and whoever serves it waits for it then.
func TestProxyHeaderLeftOut(t *testing.T) {
	l, err := listener.Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := transport.Guard{ProxyProtocol: &admission.ProxyProtocol{Timeout: time.Millisecond}, Refused: func(_ string, why error) { t.Error(why) }}
	l = g.Listen(l)
	defer l.Close()
	here, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(here, "hello")
	here.Close()
	if b, err := io.ReadAll(there); string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
	there.Close()
}

// A server that speaks first reads the header itself. What follows the header stays in the socket, wherever it is cut.
func TestReadProxyHeader(t *testing.T) {
	for _, row := range []struct {
		name, head string
		from       []string
		want       string
		err        error
	}{
		{"v1", proxyV1, []string{"127.0.0.1", "unix"}, proxied, nil},
		{"v2", proxyV2, []string{"127.0.0.1", "unix"}, proxied, nil},
		{"from anybody", proxyV2, nil, proxied, nil},
		{"left out", "CONNECT {}", nil, "", nil},
		{"left out, nearly one", "\r\n\r\nPROXY ", nil, "", nil},
		{"stranger", "CONNECT {}", []string{"10.0.0.0/8"}, "", nil},
		{"missing", "CONNECT {}", []string{"127.0.0.1", "unix"}, "", admission.ErrProxyHeaderMissing},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, kind := range []string{"tcp", "pipe"} {
				for cut := range len(row.head) {
					here, there := net.Pipe()
					if kind == "tcp" {
						here, there = tcpPair(t)
					}
					go func() {
						io.WriteString(here, row.head[:cut])
						io.WriteString(here, row.head[cut:]+"PING\r\n")
						here.Close()
					}()
					c := transport.NewConn(there)
					err := c.ReadProxyHeader(from(t, row.from...))
					if !errors.Is(err, row.err) || row.err == nil && err != nil {
						t.Fatalf("%s, cut at %d: %v", kind, cut, err)
					}
					if got := c.Client().String(); row.want != "" && got != row.want {
						t.Fatalf("%s, cut at %d: address %s", kind, cut, got)
					}
					rest := "PING\r\n"
					if row.want == "" && row.err == nil {
						rest = row.head + rest
					}
					if b, readErr := io.ReadAll(c.NetConn()); err == nil && string(b) != rest {
						t.Fatalf("%s, cut at %d: %q is left, %v", kind, cut, b, readErr)
					}
					here.Close()
					there.Close()
				}
			}
		})
	}
}

// Who may leave the header out must send something else in time, and finish a header that it has begun.
func TestReadProxyHeaderTime(t *testing.T) {
	for _, row := range []struct {
		name, first string
		want        error
	}{
		{"silent", "", admission.ErrProxyHeaderSilence},
		{"v1 begun", proxyV1[:20], admission.ErrProxyHeaderCut},
		{"v2 begun", proxyV2[:14], admission.ErrProxyHeaderCut},
		{"v2 without its addresses", proxyV2[:17], admission.ErrProxyHeaderCut},
	} {
		for _, kind := range []string{"tcp", "pipe"} {
			here, there := net.Pipe()
			if kind == "tcp" {
				here, there = tcpPair(t)
			}
			go io.WriteString(here, row.first)
			patient := &admission.ProxyProtocol{Timeout: 20 * time.Millisecond}
			if err := transport.NewConn(there).ReadProxyHeader(patient); !errors.Is(err, row.want) {
				t.Errorf("%s, %s: %v", row.name, kind, err)
			}
			here.Close()
			there.Close()
		}
	}
}

// FuzzReadProxyHeader cuts any bytes anywhere: the header is taken whole, and nothing else is.
func FuzzReadProxyHeader(f *testing.F) {
	for _, head := range []string{proxyV1, proxyV2, proxyNone, "PROXY UNKNOWN\r\n", "GET / HTTP/1.1\r\n", "PROXY \n", proxyV2[:15]} {
		f.Add([]byte(head+"rest"), uint16(5))
	}
	trusted := from(f, "unix")
	f.Fuzz(func(t *testing.T, stream []byte, cut uint16) {
		here, there := net.Pipe()
		at := int(cut) % (len(stream) + 1)
		go func() {
			here.Write(stream[:at])
			here.Write(stream[at:])
			here.Close()
		}()
		c := transport.NewConn(there)
		err := c.ReadProxyHeader(trusted)
		left, _ := io.ReadAll(there)
		size, sizeErr := admission.ProxyHeaderSize(stream)
		if (err == nil) != (sizeErr == nil && size > 0 && size <= len(stream) && parses(stream[:size])) {
			t.Fatalf("%q: %v; size %d, %v", stream, err, size, sizeErr)
		}
		if err == nil && string(left) != string(stream[size:]) {
			t.Errorf("%q is left of %q", left, stream)
		}
	})
}

func parses(head []byte) bool {
	_, err := admission.ParseProxyHeader(head)
	return err == nil
}

// A size that the header merely claims is not allocated or waited for.
func TestProxyHeaderClaims(t *testing.T) {
	head := []byte(proxyV2)
	binary.BigEndian.PutUint16(head[14:], 4<<10+1)
	here, there := net.Pipe()
	defer here.Close()
	go here.Write(head)
	if err := transport.NewConn(there).ReadProxyHeader(from(t, "unix")); err != admission.ErrProxyHeaderTooLong {
		t.Errorf("%v", err)
	}
	there.Close()
}
