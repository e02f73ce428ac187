package client

import (
	"errors"
	"time"

	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/proto"
)

// dismissal is how a client goes that was let in and may not stay.
type dismissal struct {
	err    error
	reason conn.Reason
	line   proto.Error // 0 for none
}

// dismissals are nats-server's: who is signed for by a key that changed goes without a word, and may come again.
var dismissals = []dismissal{
	{auth.ErrAccountExpired, conn.AuthenticationExpired, proto.ErrAccountExpired},
	{auth.ErrRevoked, conn.CredentialsRevoked, proto.ErrUserRevoked},
	{auth.ErrSigner, conn.AuthenticationViolation, 0},
	{auth.ErrAskAgain, conn.AuthenticationViolation, 0}, // it comes again, and is asked about
}

// dismissalFor is the row of an error; nil for one that is no reason to go by itself.
func dismissalFor(err error) *dismissal {
	for i := range dismissals {
		if errors.Is(err, dismissals[i].err) {
			return &dismissals[i]
		}
	}
	return nil
}

// dismiss closes a client for an error that has a dismissal.
func (c *Client) dismiss(err error) {
	c.Log().Debug(err.Error(), "conn", c.Name())
	d := dismissalFor(err)
	c.Close(d.reason, string(proto.AppendErr(nil, d.line)))
}

// expireAt arms the timer for when what the client came in with runs out, in Unix nanoseconds; 0 is never.
func (c *Client) expireAt(when int64) {
	if when == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.authTimer = time.AfterFunc(time.Until(time.Unix(0, when)), c.expired)
	}
}

// expired is the timer's goroutine.
func (c *Client) expired() {
	c.Log().Debug(proto.ErrUserExpired.Text(), "conn", c.Name())
	c.Close(conn.AuthenticationExpired, string(proto.AppendErr(nil, proto.ErrUserExpired)))
}

// Evict closes a client that has no seat any more, because its account may have fewer.
func (c *Client) Evict() { c.accountFull() }

// Claims is what monitoring may tell of the claims that the client came in with.
func (c *Client) Claims() auth.Shown {
	if l := c.login.Load(); l != nil && l.as.Claims != nil {
		return l.as.Claims.Show()
	}
	return auth.Shown{}
}
