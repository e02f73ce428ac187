package client

import (
	"fmt"

	"weir/internal/account"
	"weir/internal/conn"
	"weir/internal/outbound"
	"weir/internal/proto"
	"weir/internal/subject"
	"weir/internal/transport"
)

// published is the last message of a chunk. The next one to the same subject need not be judged again, unless a CONNECT came
// between them.
type published struct {
	subject []byte // in the chunk; nil if the next message has to be judged
	grant   *grant // that allows it; a reload may replace it
}

// publish handles PUB and HPUB.
func (c *Client) publish(a *proto.Args, last *published) {
	g := c.grant.Load()
	name, maps := c.mapped(a.Subject)
	same := !maps && last.subject != nil && last.grant == g && string(last.subject) == string(name)
	if !same {
		last.subject = nil
		allowed, always := c.judge(g, a.Subject, name)
		if !allowed {
			c.publishDenied(name)
			return
		}
		if always && !maps {
			last.subject, last.grant = name, g
		}
	}
	a.Subject = name
	if reservedReply(a.Reply) {
		last.subject = nil // it is not published
		c.replyDenied(a.Reply)
		return
	}
	c.ok()
	var pub account.Pub // filled in field by field: a literal is built elsewhere and copied, which costs a quarter of publish
	pub.Subject, pub.Reply, pub.Body = a.Subject, a.Reply, a.Body
	pub.HeaderLen, pub.Owned, pub.Again = a.HeaderLen, a.Owned, same
	pub.Later = last.subject != nil && len(a.Reply) == 0 && c.pub.Copies
	if c.Account().Publish(&c.pub, &pub) == 0 && c.asked.noReplies && len(a.Reply) > 0 {
		c.noResponders(a)
	}
	if pub.Owned {
		a.Recycle()
	}
}

// judge reports whether a message to the subject said, which is mapped to name, may be published, and whether that is so for
// any number of them.
func (c *Client) judge(g *grant, said, name []byte) (allowed, always bool) {
	valid := !c.asked.pedantic || subject.ValidLiteral(said)
	if !valid {
		c.fail(proto.ErrInvalidPublishSubject)
	}
	if reserved(name) {
		return false, false
	}
	allowed, counted := g.mayPublish(name)
	return allowed, allowed && valid && !counted
}

// mapped is the subject that a mapping of the account makes of name; maps reports whether the account has any.
func (c *Client) mapped(name []byte) (to []byte, maps bool) {
	to, maps = c.Account().Mapped(&c.pub, name)
	if maps && !c.pub.Copies && string(to) != string(name) { // it is traced
		c.trace(fmt.Sprintf("<<- [MAPPING %s -> %s]", name, to))
	}
	return to, maps
}

// noResponders tells the client that nobody listens to its request (status 503, ADR-4).
func (c *Client) noResponders(a *proto.Args) {
	s := c.pub.SubOf(c.Account(), a.Reply)
	if s == nil {
		return
	}
	c.line(string(proto.AppendNoResponders(nil, a.Reply, []byte(s.SID), a.Subject)))
}

// Dialects of the client protocol: with HMSG, and without.
const (
	dialectPlain conn.Dialect = iota + 1
	dialectHeaders
)

// Encode is part of conn.Visitor. It is called by whoever flushes the client.
func (c *Client) Encode(w *transport.Wire, it *outbound.Item) int {
	m, b := it.Msg, &w.Batch
	body, header := m.Wire(), m.HeaderLen()
	if header > 0 && !c.headers.Load() {
		body, header = m.WirePayload(), 0
	}
	at := len(b.Buf)
	b.Buf = proto.AppendMsgLine(b.Buf, m.Subject(), it.SID, m.Reply(), header, len(body)-2)
	c.traceOut(b.Buf[at:])
	if c.Link.Borrows(m) {
		b.Borrow(m, body)
	} else {
		b.Copy(body)
	}
	return len(body) - 2
}
