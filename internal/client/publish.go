package client

import (
	"weir/internal/account"
	"weir/internal/conn"
	"weir/internal/outbound"
	"weir/internal/proto"
	"weir/internal/subject"
	"weir/internal/transport"
)

// publish handles PUB and HPUB.
func (c *Client) publish(a *proto.Args) {
	if c.asked.pedantic && !subject.ValidLiteral(a.Subject) {
		c.fail(proto.ErrInvalidPublishSubject)
	}
	switch {
	case reserved(a.Subject), !c.grant.Load().mayPublish(a.Subject):
		c.publishDenied(a.Subject)
		return
	case reservedReply(a.Reply):
		c.replyDenied(a.Reply)
		return
	}
	c.ok()
	pub := account.Pub{Subject: a.Subject, Reply: a.Reply, Body: a.Body, HeaderLen: a.HeaderLen, Owned: a.Owned}
	if c.Account().Publish(&c.pub, &pub) == 0 && c.asked.noReplies && len(a.Reply) > 0 {
		c.noResponders(a)
	}
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
