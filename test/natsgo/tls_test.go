package natsgo

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// TestClientCertificate is tls verify: no certificate, no connection.
func TestClientCertificate(t *testing.T) {
	cert, key := process.Certificate()
	options := process.Options{TLS: fmt.Sprintf("ca_file: %q, verify: true", cert)}
	everyWay(t, options, func(w *world) {
		if !w.way.secure {
			return // nobody asks for a certificate there
		}
		w.refused("")
		nc := w.connect(nats.ClientCert(cert, key))
		sub := w.subscribe(nc, "in")
		w.must(nc.Publish("in", nil))
		w.next(sub)
	})
}

// TestHandshakeFirst has the three ways to begin with TLS on the client port.
func TestHandshakeFirst(t *testing.T) {
	rows := map[string][]nats.Option{
		"handshake_first: true":    {nats.TLSHandshakeFirst()},
		`handshake_first: "100ms"`: nil,
		"handshake_first: auto":    {nats.TLSHandshakeFirst()},
		"handshake_first: false":   nil,
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for config, options := range rows {
			t.Run(config, func(t *testing.T) {
				w := &world{T: t, way: way{name: "tls", secure: true},
					server: process.Start(t, target, process.Options{Secure: true, TLS: config})}
				nc := w.connect(options...)
				if _, err := nc.TLSConnectionState(); err != nil {
					t.Error(err)
				}
				w.must(nc.Flush())
			})
		}
	})
}

// TestAllowNonTLS has one port for those with TLS and those without.
func TestAllowNonTLS(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Secure: true, Config: "allow_non_tls: true"})
		secure := &world{T: t, way: way{name: "tls", secure: true}, server: server}
		plain := &world{T: t, way: way{name: "nats"}, server: server}
		a, b := secure.connect(), plain.connect()
		if _, err := a.TLSConnectionState(); err != nil {
			t.Error(err)
		}
		if _, err := b.TLSConnectionState(); err == nil {
			t.Error("the plain connection has TLS")
		}
		sub := secure.subscribe(a, "both")
		plain.must(b.Publish("both", []byte("hello")))
		if m := secure.next(sub); string(m.Data) != "hello" {
			t.Errorf("got %q", m.Data)
		}
	})
}
