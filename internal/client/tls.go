package client

import (
	"crypto/tls"
	"fmt"
	"time"

	"weir/internal/proto"
	"weir/internal/transport"
)

// greetingDeadline bounds the writing of what goes out before the TLS handshake.
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
	// Admit reports whether one more handshake may begin; nil lets all in.
	Admit func() bool
}

func (c *Client) tlsPolicy() *TLSPolicy {
	if c.env.TLS == nil {
		return nil
	}
	return c.env.TLS()
}

// secure greets the client, learns from a proxy who it is, and puts TLS below the connection, in the order that the listener
// wants. It reports false if the connection has ended.
func (c *Client) secure() bool {
	p, proxies := c.tlsPolicy(), c.proxies()
	if p == nil && proxies == nil {
		return true
	}
	first := c.startsWithTLS(p)
	if !first && !c.greetPlain(proxies == nil) {
		return false
	}
	if proxies != nil {
		if !c.meet(proxies) {
			return false
		}
		// What came at once may have been the header alone.
		if first && !c.startsWithTLS(p) {
			if first = false; !c.greetPlain(true) {
				return false
			}
		}
	}
	if p == nil {
		return true
	}
	if !first && p.AllowPlain {
		if b, ok := c.Link.Peek(p.Timeout); !ok || b != handshakeRecord {
			return true
		}
	}
	c.tlsFirst = first
	return c.startTLS(p)
}

// startsWithTLS reports whether TLS comes before INFO. Where that is the client's choice, it waits for its first byte.
func (c *Client) startsWithTLS(p *TLSPolicy) bool {
	if p == nil || !p.First || p.Fallback == 0 {
		return p != nil && p.First
	}
	_, ok := c.Link.Peek(p.Fallback)
	return ok
}

// startTLS does the handshake.
func (c *Client) startTLS(p *TLSPolicy) bool {
	if p.Admit != nil && !p.Admit() {
		c.writePlain(proto.AppendErr(nil, proto.ErrThrottled)) //nolint:errcheck // it ends anyway
		c.Link.Close()                                         //nolint:errcheck // likewise
		return false
	}
	t := transport.ServerTLS(c.Link.NetConn(), p.Config)
	if err := t.HandshakeWithin(p.Timeout); err != nil {
		c.Log().Error(fmt.Sprintf("TLS handshake error: %v", err), "conn", c.Name())
		c.Link.Close() //nolint:errcheck // it is gone
		return false
	}
	c.Link.StartTLS(t)
	return true
}

// greetPlain sends INFO before anything else has been set up. It says the client's address if that is known by now: a
// proxy's is none of the client's business.
func (c *Client) greetPlain(known bool) bool {
	ip := ""
	if known {
		ip, _ = c.Host()
	}
	if err := c.writePlain(c.appendInfo(nil, false, ip)); err != nil {
		c.Link.Close() //nolint:errcheck // it is gone
		return false
	}
	c.greeted = true
	return true
}

// writePlain writes below all that may be set up later.
func (c *Client) writePlain(b []byte) error {
	nc := c.Link.NetConn()
	nc.SetWriteDeadline(time.Now().Add(greetingDeadline)) //nolint:errcheck // the write tells
	_, err := nc.Write(b)
	nc.SetWriteDeadline(time.Time{}) //nolint:errcheck // the next write tells
	return err
}
