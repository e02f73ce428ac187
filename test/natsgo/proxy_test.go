package natsgo

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// proxy connects as a proxy does that sends a PROXY header, or none if it is empty.
type proxy string

func (p proxy) Dial(network, address string) (net.Conn, error) {
	nc, err := net.Dial(network, address)
	if err == nil {
		_, err = io.WriteString(nc, string(p))
	}
	return nc, err
}

// PROXY headers of a client at 203.0.113.7:4711, as text and in binary, and of one whose proxy knows no address.
const (
	proxyV1      proxy = "PROXY TCP4 203.0.113.7 127.0.0.1 4711 443\r\n"
	proxyV2      proxy = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\x7f\x00\x00\x01\x12\x67\x01\xbb"
	proxyUnknown proxy = "PROXY UNKNOWN\r\n"
	proxyLocal   proxy = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	noProxy      proxy = ""
)

// TestProxyProtocol has a proxy in front of the client port. Its header may be left out, comes before TLS if there is any,
// and says who the client is: to the client itself, and to /connz.
func TestProxyProtocol(t *testing.T) {
	first := []nats.Option{nats.TLSHandshakeFirst()}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range []struct {
			name    string
			config  process.Options
			secure  bool
			options []nats.Option
		}{
			{"plain", process.Options{}, false, nil},
			{"tls", process.Options{Secure: true}, true, nil},
			{"handshake_first", process.Options{Secure: true, TLS: "handshake_first: true"}, true, first},
			{"handshake_first: auto", process.Options{Secure: true, TLS: "handshake_first: auto"}, true, first},
			{"allow_non_tls, with", process.Options{Secure: true, Config: "allow_non_tls: true"}, true, nil},
			{"allow_non_tls, without", process.Options{Secure: true, Config: "allow_non_tls: true"}, false, nil},
		} {
			t.Run(row.name, func(t *testing.T) {
				row.config.Config += "\nproxy_protocol: true"
				server := process.Start(t, target, row.config)
				if _, err := server.Log().Wait("PROXY protocol enabled for client connections", process.Patience); err != nil {
					t.Error(err)
				}
				for name, p := range map[string]proxy{
					"v1": proxyV1, "v2": proxyV2, "unknown": proxyUnknown, "local": proxyLocal, "left out": noProxy,
				} {
					t.Run(name, func(t *testing.T) {
						w := &world{T: t, way: way{name: row.name, secure: row.secure}, server: server}
						proxied(w, p, row.options...)
					})
				}
			})
		}
	})
}

// proxied connects through p and looks where the client is said to be.
func proxied(w *world, p proxy, options ...nats.Option) {
	w.Helper()
	nc := w.connect(append(options, nats.SetCustomDialer(p))...)
	defer nc.Close()
	w.must(nc.Flush())
	w.must(nc.Flush()) // the INFO with the address follows the first PONG
	ip, port := "127.0.0.1", nc.LocalAddr()
	if p == proxyV1 || p == proxyV2 {
		ip, port = "203.0.113.7", "203.0.113.7:4711"
	}
	if got, err := nc.GetClientIP(); err != nil || got.String() != ip {
		w.Errorf("client_ip %v, %v", got, err)
	}
	id, err := nc.GetClientID()
	w.must(err)
	all := w.server.Connections(w, fmt.Sprintf("cid=%d", id))
	if len(all) != 1 {
		w.Fatalf("%+v", all)
	}
	if c := all[0]; fmt.Sprintf("%s:%d", c.IP, c.Port) != port {
		w.Errorf("connz has %+v, want %s", c, port)
	}
}

// TestProxyFallback: a client behind a proxy that waits for INFO gets it, although its proxy has sent something before
// the server's patience was over. With nats-server it does not.
func TestProxyFallback(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		options := process.Options{Secure: true, TLS: "handshake_first: auto", Config: "proxy_protocol: true"}
		w := &world{T: t, way: way{name: "tls", secure: true}, server: process.Start(t, process.Weir, options)}
		proxied(w, proxyV2)
	})
}

// TestProxyHeaderWrong: the connection ends, /connz knows why, and the log says from where the header came.
func TestProxyHeaderWrong(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for name, p := range map[string]proxy{
			"no address": "PROXY TCP4 x y 1 2\r\n",
			"too long":   proxy("PROXY TCP4 " + strings.Repeat("1", 200) + "\r\n"),
			"datagrams":  proxyV2[:13] + "\x12" + proxyV2[14:],
			"version 3":  proxyV2[:12] + "\x31" + proxyV2[13:],
		} {
			t.Run(name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{Config: "proxy_protocol: true"})
				w := &world{T: t, way: way{name: "nats"}, server: server}
				if _, err := w.dial(nats.SetCustomDialer(p), nats.NoReconnect()); err == nil {
					t.Error("connected")
				}
				if _, err := server.Log().Wait(`\[WRN\] Error reading PROXY protocol header from 127\.0\.0\.1:\d+: `, process.Patience); err != nil {
					t.Error(err)
				}
				var closed []process.Connection
				process.Await(process.Patience, func() bool {
					closed = server.Connections(t, "state=closed")
					return len(closed) > 0
				})
				if len(closed) != 1 || closed[0].Reason != "Protocol Violation" {
					t.Errorf("%+v", closed)
				}
			})
		}
	})
}
