package conn

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/proto"
)

// Facts of nats-server's keep-alive (catalogue §4.7).
const (
	// firstPing is how soon after CONNECT the first PING is sent at the latest, but for its jitter.
	firstPing = 2 * time.Second
	// rttEvery is how old a measured round-trip time may grow before a PING is sent to a busy peer too.
	rttEvery = time.Hour
)

// pinger is the keep-alive of one connection.
type pinger struct {
	lastIn atomic.Int64 // Unix nanoseconds of the peer's last message or PING

	mu       sync.Mutex // guards all below
	timer    *time.Timer
	interval time.Duration
	out      int           // PINGs without an answer
	sentAt   time.Time     // of the last PING
	rtt      time.Duration // of the last answer
	stopped  bool
}

// StartPings begins the keep-alive: the first PING comes after interval. Called again, it starts over.
func (c *Conn) StartPings(interval time.Duration) { c.startPings(interval, interval) }

// StartPingsSoon is StartPings with the first PING soon: after min(interval, 2 s) and up to a fifth more.
func (c *Conn) StartPingsSoon(interval time.Duration) {
	d := min(interval, firstPing)
	c.startPings(interval, d+rand.N(d/5+1))
}

func (c *Conn) startPings(interval, first time.Duration) {
	p := &c.pings
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	p.interval = interval
	p.rtt = max(time.Since(c.Start), 1)
	p.timer = time.AfterFunc(first, c.pingDue)
}

// Heard notes that the peer did something: a message or a PING, so that it need not be asked.
func (c *Conn) Heard() { c.pings.lastIn.Store(time.Now().UnixNano()) }

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

// pingDue is the timer's goroutine: it sends a PING if the peer was silent, or ends a connection that is stale.
func (c *Conn) pingDue() {
	switch c.pings.due(c.reg.Config().PingMax) {
	case pingSend:
		c.Send(proto.Ping)
	case pingStale:
		c.Close(StaleConnection, string(proto.AppendErr(nil, proto.ErrStale)))
	}
}

// verdict is what the ping timer decides.
type verdict uint8

const (
	pingSkip verdict = iota
	pingSend
	pingStale
)

// due decides what to do now and sets the timer again.
func (p *pinger) due(most int) verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return pingSkip
	}
	now := time.Now()
	fresh := !p.sentAt.IsZero() && now.Sub(p.sentAt) <= rttEvery
	v := pingSend
	switch {
	case now.Sub(time.Unix(0, p.lastIn.Load())) < p.interval && fresh:
		v = pingSkip
	case p.out+1 > most:
		p.stopped = true
		return pingStale
	default:
		p.out++
		p.sentAt = now
	}
	p.timer.Reset(p.interval)
	return v
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
