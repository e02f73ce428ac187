package account

import (
	"encoding/json"

	"weir/internal/proto"
)

// A request to a service of another account goes on there under a reply subject of that account, which leads the answers
// back. One subscription for each account takes them all.

// hop is a service that a message came through.
type hop struct {
	by   *serviceImport
	prev *hop
	who  *Client // asks; nil for an answer
}

// through reports whether the message came through the export before: then it goes round in a circle.
func (h *hop) through(e *Export) bool {
	for ; h != nil; h = h.prev {
		if h.by.export == e {
			return true
		}
	}
	return false
}

// request takes a message to the service.
func (a *Account) request(by *Publisher, im *serviceImport, d *delivery) int {
	if d.hops.through(im.export) {
		return 0
	}
	pub := d.Pub
	pub.Owned = false // others may get the body as well
	switch {
	case im.name != nil:
		pub.Subject = im.name
	case im.transform != nil:
		at := len(by.names)
		by.names = im.transform.Append(by.names, d.Subject)
		pub.Subject = by.names[at:]
	}
	pub.Subject = by.mapped(im.to.routes.Load(), pub.Subject)
	watch := im.sample(by, d)
	key := ""
	switch {
	case len(d.Reply) > 0:
		key = im.to.expect(&answer{by: im, into: a, reply: string(d.Reply), watch: watch})
		pub.Reply = []byte(key)
	case watch != nil:
		im.to.report(watch.badRequest())
		watch = nil
	}
	next := &hop{by: im, prev: d.hops, who: im.asker(by, d.hops)}
	pub.tell(next.who)
	got := im.to.publish(by, &pub, next, nil)
	if got == 0 && key != "" {
		if w := im.to.forget(key); w != nil && w.watch != nil {
			im.to.report(w.watch.failed(503, "Service Unavailable"))
		}
	}
	return got
}

// RequestInfo is the header that tells a service who asks.
const RequestInfo = "Nats-Request-Info"

// asker is who asks, as far as a service may know: the import by which somebody asks first decides about that, those behind
// it only say which account passed the request on.
func (i *serviceImport) asker(by *Publisher, hops *hop) *Client {
	if by.Who == nil {
		return nil
	}
	if hops == nil || hops.who == nil {
		who := by.Who(i.share)
		return &who
	}
	who := *hops.who
	who.Service = hops.by.to.name
	if i.share && !hops.by.share {
		who.Server = by.Who(true).Server
	}
	return &who
}

// tell puts who asks into the header; what stood there before was not the server's.
func (p *Pub) tell(who *Client) {
	if who == nil {
		return
	}
	value, err := json.Marshal(who)
	if err != nil {
		return
	}
	body := make([]byte, 0, len(p.Body)+len(RequestInfo)+len(value)+32)
	body = proto.SetHeader(body, p.Body[:p.HeaderLen], RequestInfo, value)
	n := len(body)
	p.Body, p.HeaderLen = append(body, p.Body[p.HeaderLen:]...), n
}
