package conn

import (
	"time"

	"weir/internal/account"
)

// Info is what /connz shows of a connection: a snapshot.
type Info struct {
	ID      uint64
	Kind    string // Client
	Type    string // nats, websocket
	IP      string
	Port    int
	Start   time.Time
	Stop    time.Time // zero while it is open
	Reason  Reason    // why it closed
	Active  time.Time // of the last traffic
	RTT     time.Duration
	Pending int64 // bytes that wait for it

	InMsgs, InBytes, OutMsgs, OutBytes int64

	Client Identity
	Proxy  string // the key of the trusted proxy that vouched for the client; empty for none
	NumSub int
	Subs   []*account.Sub // only if asked for

	TLSVersion, TLSCipher string
	TLSFirst              bool // TLS came before INFO
}

// Identity is what a client says of itself, and what the server made of it.
type Identity struct {
	Name, Lang, Version string
	User                string // who authenticated; never a secret
	Account             string
}

// Info is a snapshot of c; with subs also of its subscriptions.
func (c *Conn) Info(subs bool) Info {
	var i Info
	c.glance(&i, subs)
	i.IP, i.Port = c.Host()
	c.describeTLS(&i)
	return i
}

func (c *Conn) describeTLS(i *Info) {
	if t := c.Link.TLS(); t != nil {
		i.TLSVersion, i.TLSCipher = t.Describe()
	}
}

// Glance replaces *i by a snapshot of c without its address, TLS and list of subscriptions: enough to choose and sort very
// many connections with one Info and without an allocation.
func (c *Conn) Glance(i *Info) { c.glance(i, false) }

func (c *Conn) glance(i *Info, subs bool) {
	*i = Info{
		ID: c.ID, Kind: "Client", Type: "nats",
		Start:  c.Start(),
		Active: c.reg.wall(c.active()),
		RTT:    c.RTT(), Pending: c.Out.Pending(),
		InMsgs: c.inMsgs.Load(), InBytes: c.inBytes.Load(),
		OutMsgs: c.outMsgs.Load(), OutBytes: c.outBytes.Load(),
	}
	if c.Link.IsWebSocket() {
		i.Type = "websocket"
	}
	c.visitor.Describe(i, subs)
}

// Start is when the connection came.
func (c *Conn) Start() time.Time { return c.reg.wall(c.start) }

// active is when the last traffic was.
func (c *Conn) active() instant { return instant(max(c.lastRead.Load(), c.lastWrite.Load())) }

// CID is the ID, for whoever knows the connection only as the owner of a subscription.
func (c *Conn) CID() uint64 { return c.ID }

// Received counts messages that the peer published, and their bytes.
func (c *Conn) Received(msgs, bytes int64) {
	c.inMsgs.Add(msgs)
	c.inBytes.Add(bytes)
}
