package client

import (
	"crypto/tls"
	"fmt"
	"time"

	"weir/internal/transport"
)

// greetingDeadline bounds the writing of an INFO that goes out before the TLS handshake.
const greetingDeadline = 2 * time.Second

// handshakeRecord is the first byte of a TLS handshake (RFC 8446 §5.1).
const handshakeRecord = 0x16

// TLSPolicy is how a listener for plain TCP upgrades its clients to TLS.
type TLSPolicy struct {
	Config  *tls.Config
	Timeout time.Duration // of the handshake
	// First starts TLS before INFO; with a Fallback, a client that has sent nothing for that long gets INFO after all.
	First    bool
	Fallback time.Duration
	// AllowPlain lets in clients that do not start TLS.
	AllowPlain bool
}

func (c *Client) tlsPolicy() *TLSPolicy {
	if c.env.TLS == nil {
		return nil
	}
	return c.env.TLS()
}

// secure greets the client and puts TLS below the connection, in the order that the listener wants. It reports false if
// the connection has ended.
func (c *Client) secure() bool {
	p := c.tlsPolicy()
	if p == nil {
		return true
	}
	first := p.First
	if first && p.Fallback > 0 {
		_, first = c.Link.Peek(p.Fallback)
	}
	if !first {
		if !c.greetPlain() {
			return false
		}
		if p.AllowPlain {
			if b, ok := c.Link.Peek(p.Timeout); !ok || b != handshakeRecord {
				return true
			}
		}
	}
	t := transport.ServerTLS(c.Link.NetConn(), p.Config)
	if err := t.HandshakeWithin(p.Timeout); err != nil {
		c.Log.Error(fmt.Sprintf("TLS handshake error: %v", err), "conn", c.Name())
		c.Link.Close() //nolint:errcheck // it is gone
		return false
	}
	c.Link.StartTLS(t)
	return true
}

// greetPlain sends INFO before anything else has been set up.
func (c *Client) greetPlain() bool {
	nc := c.Link.NetConn()
	nc.SetWriteDeadline(time.Now().Add(greetingDeadline)) //nolint:errcheck // the write tells
	if _, err := nc.Write([]byte(c.infoLine(false))); err != nil {
		c.Link.Close() //nolint:errcheck // it is gone
		return false
	}
	nc.SetWriteDeadline(time.Time{}) //nolint:errcheck // the next write tells
	c.greeted = true
	return true
}
