package conn

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/outbound"
	"weir/internal/proto"
	"weir/ws"
)

// Facts of nats-server's keep-alive (catalogue §4.7).
const (
	// firstPing is how soon after CONNECT the first PING is sent at the latest, but for its jitter.
	firstPing = 2 * time.Second
	// rttEvery is how old a measured round-trip time may grow before a PING is sent to a busy peer too.
	rttEvery = time.Hour
)

// wsPingMax is how many WebSocket pings may go unanswered before the peer counts as gone.
const wsPingMax = 2

// pingFrame is a WebSocket ping without payload. A browser answers it by itself, also in a tab that is asleep.
var pingFrame = string(ws.AppendControl(nil, ws.OpPing, nil, nil))

// KeepAlive is how connections of a listener are kept alive, and for how long.
type KeepAlive struct {
	// Interval is the silence after which the peer is sent a NATS PING.
	Interval time.Duration
	// WSInterval is the silence after which a WebSocket peer is sent a ping frame; 0 means never.
	WSInterval time.Duration
	// MaxAge is how old a connection gets before it is closed, so that clients spread over servers anew and renew what they
	// came in with; up to a tenth is added by chance. 0 means no limit.
	MaxAge time.Duration
}

// pinger is the keep-alive of one connection. It has no timer: the registry looks after all connections with one.
type pinger struct {
	lastIn atomic.Int64 // instant of the peer's last message or PING

	mu      sync.Mutex // guards all below; of the instants, 0 means never
	alive   func() KeepAlive
	pingDue instant
	wsDue   instant
	ageDue  instant
	sentAt  instant       // of the last PING
	wsAt    instant       // of the last WebSocket ping
	rtt     time.Duration // of the last answer
	out     int32         // PINGs without an answer
	wsOut   int8          // WebSocket pings since the peer last sent anything
	stopped bool
}

// StartPings begins the keep-alive of a connection that was added to its registry: the first PING comes after the interval.
// alive is asked anew each time.
func (c *Conn) StartPings(alive func() KeepAlive) {
	k := alive()
	now := c.reg.now()
	p := &c.pings
	p.mu.Lock()
	p.alive = alive
	p.pingDue = now.after(k.Interval)
	if k.WSInterval > 0 && c.Link.IsWebSocket() {
		p.wsDue = now.after(k.WSInterval)
	}
	p.ageLocked(k.MaxAge, now, now)
	next := p.nextLocked()
	p.mu.Unlock()
	c.reg.lookAt(c, next)
}

// PingSoon says that CONNECT has come: the first PING is due after min(interval, 2 s) and up to a fifth more.
func (c *Conn) PingSoon() {
	now := c.reg.now()
	p := &c.pings
	p.mu.Lock()
	if p.alive == nil {
		p.mu.Unlock()
		return
	}
	d := min(p.alive().Interval, firstPing)
	p.rtt = max(now.since(c.start), 1)
	p.pingDue = now.after(d + rand.N(d/5+1))
	next := p.nextLocked()
	p.mu.Unlock()
	c.reg.lookAt(c, next)
}

// ageLocked says when a connection that began at start gets too old, unless that is within what most allows already. One that
// is too old at once may stay for as long as chance adds, so that a reload does not end all of them together.
func (p *pinger) ageLocked(most time.Duration, start, now instant) {
	if most <= 0 {
		p.ageDue = 0
		return
	}
	chance := most / 10
	if first := start + instant(most); p.ageDue < first || p.ageDue > first.after(chance) {
		p.ageDue = max(first, now).after(rand.N(chance + 1))
	}
}

// renewPings brings forward what is due later than the intervals of now say, and applies another MaxAge.
func (c *Conn) renewPings() {
	now := c.reg.now()
	p := &c.pings
	p.mu.Lock()
	if p.stopped || p.alive == nil {
		p.mu.Unlock()
		return
	}
	k := p.alive()
	p.pingDue = min(p.pingDue, now.after(k.Interval))
	if due := now.after(k.WSInterval); k.WSInterval > 0 && c.Link.IsWebSocket() && (p.wsDue == 0 || due < p.wsDue) {
		p.wsDue = due
	}
	p.ageLocked(k.MaxAge, c.start, now)
	next := p.nextLocked()
	p.mu.Unlock()
	c.reg.lookAt(c, next)
}

// nextLocked is when something is due.
func (p *pinger) nextLocked() instant {
	next := p.pingDue
	for _, due := range [...]instant{p.wsDue, p.ageDue} {
		if due != 0 && due < next {
			next = due
		}
	}
	return next
}

// Heard notes that the peer did something: a message or a PING, so that it need not be asked. The time is taken at the end of
// the chunk. Only the visitor's Data calls it.
func (c *Conn) Heard() { c.heard = true }

// Pong notes the answer to a PING.
func (c *Conn) Pong() {
	now := c.reg.now()
	p := &c.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = 0
	if p.sentAt != 0 {
		p.rtt = max(now.since(p.sentAt), 1)
	}
}

// RTT is the last known round-trip time.
func (c *Conn) RTT() time.Duration {
	p := &c.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rtt
}

// verdict is what the keep-alive decides.
type verdict uint8

const (
	pingSend verdict = 1 << iota
	pingFrameSend
	pingStale
	pingTooOld
)

// keepAlive does what is due and returns when to look again; never for a connection that closes. For s see
// [outbound.Flusher].
func (c *Conn) keepAlive(now instant, s outbound.Scratch) (instant, outbound.Scratch) {
	v, next := c.pings.due(now, c.reg.Config().PingMax, instant(c.lastRead.Load()))
	switch {
	case v&pingStale != 0:
		c.Close(StaleConnection, string(proto.AppendErr(nil, proto.ErrStale)))
		return never, s
	case v&pingTooOld != 0:
		c.Close(MaxAgeReached, "")
		return never, s
	}
	if v&pingSend != 0 {
		s = c.pushedWith(c.Out.PushLine(proto.Ping), s)
	}
	if v&pingFrameSend != 0 {
		s = c.pushedWith(c.Out.PushFrame(pingFrame), s)
	}
	return next, s
}

// due decides what to do now, and when to look again. lastRead is when the peer last sent anything at all.
func (p *pinger) due(now instant, most int, lastRead instant) (v verdict, next instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return 0, never
	}
	k := p.alive()
	if p.pingDue <= now {
		v |= p.pingLocked(now, k.Interval, most)
	}
	if p.wsDue != 0 && p.wsDue <= now {
		v |= p.framePingLocked(now, k.WSInterval, lastRead, v&pingSend != 0)
	}
	if p.ageDue != 0 && p.ageDue <= now {
		v |= pingTooOld
	}
	return v, p.nextLocked()
}

// pingLocked is about NATS PINGs: a peer that was heard of lately need not be asked, except for its round-trip time.
func (p *pinger) pingLocked(now instant, interval time.Duration, most int) verdict {
	p.pingDue = now.after(interval)
	fresh := p.sentAt != 0 && now.since(p.sentAt) <= rttEvery
	switch {
	case now.since(instant(p.lastIn.Load())) < interval && fresh:
		return 0
	case int(p.out)+1 > most:
		return pingStale
	}
	p.out++
	p.sentAt = now
	return pingSend
}

// framePingLocked is about WebSocket pings, which find dead peers and keep proxies from closing silent connections. A PING
// that is sent now, or within a quarter of the interval, does as well.
func (p *pinger) framePingLocked(now instant, interval time.Duration, lastRead instant, asked bool) verdict {
	if interval <= 0 { // switched off by a reload
		p.wsDue = 0
		return 0
	}
	if lastRead >= p.wsAt {
		p.wsOut = 0
	}
	switch {
	case now.since(lastRead) < interval:
		p.wsDue = lastRead.after(interval)
		return 0
	case p.wsOut >= wsPingMax:
		return pingStale
	case !asked && p.pingDue.since(now) <= interval/4:
		p.wsDue = p.pingDue
		return 0
	}
	p.wsOut++
	p.wsAt, p.wsDue = now, now.after(interval)
	if asked {
		return 0
	}
	return pingFrameSend
}

// awaitsPong reports whether nothing has come since the last WebSocket ping.
func (p *pinger) awaitsPong(lastRead instant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wsOut > 0 && lastRead < p.wsAt
}

// stop ends the keep-alive for good.
func (p *pinger) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
}
