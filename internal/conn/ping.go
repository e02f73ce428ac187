package conn

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

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

// pinger is the keep-alive of one connection. One timer serves all that is due.
type pinger struct {
	lastIn atomic.Int64 // Unix nanoseconds of the peer's last message or PING

	mu      sync.Mutex // guards all below
	alive   func() KeepAlive
	timer   *time.Timer
	pingDue time.Time
	wsDue   time.Time     // zero without WebSocket pings
	ageDue  time.Time     // zero without a limit
	sentAt  time.Time     // of the last PING
	wsAt    time.Time     // of the last WebSocket ping
	rtt     time.Duration // of the last answer
	out     int           // PINGs without an answer
	wsOut   int           // WebSocket pings since the peer last sent anything
	stopped bool
}

// StartPings begins the keep-alive: the first PING comes after the interval. alive is asked anew each time.
func (c *Conn) StartPings(alive func() KeepAlive) {
	k := alive()
	p := &c.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	now := time.Now()
	p.alive = alive
	p.pingDue = now.Add(k.Interval)
	if k.WSInterval > 0 && c.Link.IsWebSocket() {
		p.wsDue = now.Add(k.WSInterval)
	}
	if k.MaxAge > 0 {
		p.ageDue = now.Add(k.MaxAge + rand.N(k.MaxAge/10+1))
	}
	p.timer = time.AfterFunc(p.nextLocked(now), c.pingTimer)
}

// PingSoon says that CONNECT has come: the first PING is due after min(interval, 2 s) and up to a fifth more.
func (c *Conn) PingSoon() {
	p := &c.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || p.timer == nil {
		return
	}
	now := time.Now()
	d := min(p.alive().Interval, firstPing)
	p.rtt = max(now.Sub(c.Start), 1)
	p.pingDue = now.Add(d + rand.N(d/5+1))
	p.timer.Reset(p.nextLocked(now))
}

// nextLocked is how long it is until something is due.
func (p *pinger) nextLocked(now time.Time) time.Duration {
	next := p.pingDue
	for _, due := range [...]time.Time{p.wsDue, p.ageDue} {
		if !due.IsZero() && due.Before(next) {
			next = due
		}
	}
	return max(next.Sub(now), time.Millisecond)
}

// Heard notes that the peer did something: a message or a PING, so that it need not be asked. The time is taken at the end of
// the chunk. Only the visitor's Data calls it.
func (c *Conn) Heard() { c.heard = true }

// Pong notes the answer to a PING.
func (c *Conn) Pong() {
	p := &c.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = 0
	if !p.sentAt.IsZero() {
		p.rtt = max(time.Since(p.sentAt), 1)
	}
}

// RTT is the last known round-trip time.
func (c *Conn) RTT() time.Duration {
	p := &c.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rtt
}

// verdict is what the ping timer decides.
type verdict uint8

const (
	pingSend verdict = 1 << iota
	pingFrameSend
	pingStale
	pingTooOld
)

// pingTimer is the timer's goroutine.
func (c *Conn) pingTimer() {
	v := c.pings.due(c.reg.Config().PingMax, time.Unix(0, c.lastRead.Load()))
	switch {
	case v&pingStale != 0:
		c.Close(StaleConnection, string(proto.AppendErr(nil, proto.ErrStale)))
		return
	case v&pingTooOld != 0:
		c.Close(MaxAgeReached, "")
		return
	}
	if v&pingSend != 0 {
		c.Send(proto.Ping)
	}
	if v&pingFrameSend != 0 {
		c.pushed(c.Out.PushFrame(pingFrame))
	}
}

// due decides what to do now and sets the timer again. lastRead is when the peer last sent anything at all.
func (p *pinger) due(most int, lastRead time.Time) (v verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return 0
	}
	now, k := time.Now(), p.alive()
	if !p.pingDue.After(now) {
		v |= p.pingLocked(now, k.Interval, most)
	}
	if !p.wsDue.IsZero() && !p.wsDue.After(now) {
		v |= p.framePingLocked(now, k.WSInterval, lastRead)
	}
	if !p.ageDue.IsZero() && !p.ageDue.After(now) {
		v |= pingTooOld
	}
	if v&(pingStale|pingTooOld) != 0 {
		p.stopped = true
		return v
	}
	p.timer.Reset(p.nextLocked(now))
	return v
}

// pingLocked is about NATS PINGs: a peer that was heard of lately need not be asked, except for its round-trip time.
func (p *pinger) pingLocked(now time.Time, interval time.Duration, most int) verdict {
	p.pingDue = now.Add(interval)
	fresh := !p.sentAt.IsZero() && now.Sub(p.sentAt) <= rttEvery
	switch {
	case now.Sub(time.Unix(0, p.lastIn.Load())) < interval && fresh:
		return 0
	case p.out+1 > most:
		return pingStale
	}
	p.out++
	p.sentAt = now
	return pingSend
}

// framePingLocked is about WebSocket pings, which find dead peers and keep proxies from closing silent connections.
func (p *pinger) framePingLocked(now time.Time, interval time.Duration, lastRead time.Time) verdict {
	if interval <= 0 { // switched off by a reload
		p.wsDue = time.Time{}
		return 0
	}
	if !lastRead.Before(p.wsAt) {
		p.wsOut = 0
	}
	if silent := now.Sub(lastRead); silent < interval {
		p.wsDue = lastRead.Add(interval)
		return 0
	}
	if p.wsOut >= wsPingMax {
		return pingStale
	}
	p.wsOut++
	p.wsAt, p.wsDue = now, now.Add(interval)
	return pingFrameSend
}

// stop ends the keep-alive for good.
func (p *pinger) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	if p.timer != nil {
		p.timer.Stop()
	}
}
