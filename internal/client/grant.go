package client

import (
	"fmt"
	"time"

	"weir/internal/account"
	"weir/internal/perm"
	"weir/internal/proto"
)

// grant is what a client may do because of who it is. It never changes: a CONNECT and a reload replace it. Nil allows all
// that any client may do.
type grant struct {
	perms   *perm.Set
	replies *perm.Replies // where it may answer; nil unless its permissions have allow_responses
	guard   account.Guard
}

// newGrant is what p allows; what is open, nil for nothing, may still be answered if p bounds answers alike.
func newGrant(p *perm.Set, open *perm.Replies) *grant {
	if p == nil {
		return nil
	}
	g := &grant{perms: p, replies: p.KeepReplies(open)}
	g.guard = g.admit
	return g
}

// mayPublish also reports whether the message counts as one of the answers that a request allows.
func (g *grant) mayPublish(name []byte) (allowed, counted bool) {
	if g == nil || g.perms.CanPublish(name) {
		return true, false
	}
	return g.replies != nil && g.replies.Use(name, time.Now()), true
}

func (g *grant) maySubscribe(s *account.Sub) bool {
	return s.Queue != systemGroup && (g == nil || g.perms.CanSubscribe(s.Subject, s.Queue))
}

// watch guards s if messages for it must be held back, or can be answered.
func (g *grant) watch(s *account.Sub) {
	if g != nil && (g.replies != nil || g.perms.NeedsDeliveryFilter(s.Subject, s.Queue)) {
		s.SetGuard(&g.guard)
	} else {
		s.SetGuard(nil)
	}
}

// admit is the guard of the client's subscriptions. It runs in the goroutine of who publishes, before the client can see
// the message and answer it.
func (g *grant) admit(s *account.Sub, subject, reply []byte) bool {
	if !g.perms.CanDeliver(subject, s.Queue) {
		return false
	}
	if g.replies != nil && len(reply) > 0 {
		g.replies.Expect(reply, time.Now())
	}
	return true
}

// regrant changes what the client may do while it is connected. Subscriptions that it may not have any more end, and it is
// told so. If it is the same user, it may still answer what it was asked.
func (c *Client) regrant(p *perm.Set, same bool) {
	old := c.grant.Load()
	if old == nil && p == nil || old != nil && old.perms == p {
		return
	}
	var open *perm.Replies
	if same && old != nil {
		open = old.replies
	}
	g := newGrant(p, open)
	var ended []*account.Sub
	c.mu.Lock() // a SUB is either among them by now, or will be asked about g
	c.grant.Store(g)
	for _, s := range c.subs.all(nil) {
		if g.maySubscribe(s) {
			g.watch(s)
		} else {
			c.subs.drop(s)
			ended = append(ended, s)
		}
	}
	c.mu.Unlock()
	for _, s := range ended {
		c.Account().Unsubscribe(s)
		var queue []byte
		if s.Queue != "" {
			queue = []byte(s.Queue)
		}
		c.Send(string(proto.AppendSubscriptionRemoved(nil, []byte(s.Subject), queue, []byte(s.SID))))
		c.Log().Info(fmt.Sprintf("Removed sub %q (sid %q) - not authorized", s.Subject, s.SID), "conn", c.Name())
	}
}

// publishDenied tells the client that it may not publish to the subject. The connection stays.
func (c *Client) publishDenied(subject []byte) {
	c.line(string(proto.AppendPublishDenied(nil, subject)))
	c.denied(fmt.Sprintf("Publish Violation - Subject %q", subject))
}

// replyDenied tells the client that answers can not come to the reply subject. The connection stays.
func (c *Client) replyDenied(reply []byte) {
	c.line(string(proto.AppendReplyDenied(nil, reply)))
	c.denied(fmt.Sprintf("Publish Violation - Reply %q", reply))
}

// subscribeDenied tells the client that it may not subscribe. The connection stays.
func (c *Client) subscribeDenied(a *proto.Args) {
	c.line(string(proto.AppendSubscribeDenied(nil, a.Subject, a.Queue)))
	c.denied(fmt.Sprintf("Subscription Violation - Subject %q, SID %s", a.Subject, a.SID))
}

// denied logs what the client may not do.
func (c *Client) denied(text string) {
	c.Link.Leave() // a log may block
	c.Log().Error(text, "conn", c.Name())
}

// reserved reports a subject to which only servers publish: routed replies of gateways, and the traffic of Raft groups.
func reserved(subject []byte) bool {
	return len(subject) > 0 && (subject[0] == '_' || subject[0] == '$') &&
		(gatewayReply(subject) || hasPrefix(subject, "$NRG."))
}

// reservedReply reports a reply subject that only servers make: of service imports, of JetStream, of gateways.
func reservedReply(reply []byte) bool {
	return len(reply) > 0 && (reply[0] == '_' || reply[0] == '$') &&
		(hasPrefix(reply, "_R_.") || longer(reply, "$JS.ACK.") || gatewayReply(reply))
}

func gatewayReply(s []byte) bool { return longer(s, "_GR_.") || longer(s, "$GR.") }

func hasPrefix(s []byte, prefix string) bool {
	return len(s) >= len(prefix) && string(s[:len(prefix)]) == prefix
}

// longer reports whether something follows the prefix.
func longer(s []byte, prefix string) bool { return len(s) > len(prefix) && hasPrefix(s, prefix) }
