package conn

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/proto"
)

// DefaultMaxClosed is how many closed connections the registry remembers, the same as nats-server.
const DefaultMaxClosed = 10_000

// Registry knows all connections of a server. It is safe for use by any number of goroutines.
type Registry struct {
	Log   *slog.Logger // immutable
	epoch time.Time    // immutable: the instant 0

	config  atomic.Pointer[Config]
	nextID  atomic.Uint64
	total   atomic.Uint64
	panics  atomic.Int64
	stalls  atomic.Int64 // slow writes that went on
	reasons [len(reasons)]atomic.Int64
	gone    totals // traffic of connections that are gone

	mu       sync.Mutex // guards all below, and the place of every connection
	open     []*Conn    // in any order
	due      []instant  // when to look at the keep-alive of the connection in the same place of open
	timer    *time.Timer
	nextBeat instant // when the timer ends; never if it is not set
	awake    []*Conn // connections whose goroutine waits, for ParkSilent
	live     int     // connections that have not ended; those in open are among them
	closed   records
	emptied  bool          // CloseAll was called: nobody is added any more
	idle     chan struct{} // closed when the last goroutine ends, if somebody waits
}

// totals is traffic in both directions.
type totals struct{ inMsgs, inBytes, outMsgs, outBytes atomic.Int64 }

// NewRegistry makes an empty registry.
func NewRegistry(c Config, log *slog.Logger) *Registry {
	r := &Registry{Log: log, epoch: time.Now().Add(-maxStep), nextBeat: never}
	r.closed.most = DefaultMaxClosed
	r.SetConfig(c)
	return r
}

// Config is the current configuration, defaults filled in.
func (r *Registry) Config() *Config { return r.config.Load() }

// SetConfig replaces the configuration for all that happens from now on. [Registry.Renew] follows it where there may be
// connections.
func (r *Registry) SetConfig(c Config) {
	c = c.WithDefaults()
	r.config.Store(&c)
}

// Renew holds all connections to what is configured now: how much may wait for them, and when they are pinged. It returns
// how many it closed because there may be fewer of them now; those that came last have to go.
func (r *Registry) Renew() (closed int) {
	config := r.Config()
	left := config.MaxConnections
	for _, c := range r.Conns() {
		switch {
		case c.Closing():
		case left <= 0:
			c.Close(MaxConnectionsExceeded, maxConnections)
			closed++
		default:
			left--
			c.Out.SetLimit(config.MaxPending)
			c.renewPings()
		}
	}
	return closed
}

// maxConnections is what those are told who are too many.
var maxConnections = string(proto.AppendErr(nil, proto.ErrMaxConnections))

// Remember sets how many closed connections are remembered. It is called before the first one closes.
func (r *Registry) Remember(most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed.most = most
}

// Add registers c, or closes it and returns why it may not come in.
func (r *Registry) Add(c *Conn) Reason {
	why := r.add(c)
	switch why {
	case 0:
		c.Out.SetLimit(r.Config().MaxPending) // a Renew between Init and now has missed c
	case MaxConnectionsExceeded:
		c.Close(why, maxConnections)
	default:
		c.Close(why, "")
	}
	return why
}

func (r *Registry) add(c *Conn) Reason {
	most := r.Config().MaxConnections
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.emptied:
		return ServerShutdown
	case len(r.open) >= most:
		return MaxConnectionsExceeded
	}
	r.open, r.due = append(r.open, c), append(r.due, never)
	c.place = int32(len(r.open))
	r.live++
	r.total.Add(1)
	return 0
}

// shrinkAbove is the size below which the list of connections keeps its room.
const shrinkAbove = 1024

// dropLocked takes c out of the list: the last one moves to its place.
func (r *Registry) dropLocked(c *Conn) {
	last := len(r.open) - 1
	i := c.place - 1
	r.open[i], r.due[i] = r.open[last], r.due[last]
	r.open[i].place, c.place = i+1, 0
	r.open[last] = nil
	r.open, r.due = r.open[:last], r.due[:last]
	if room := cap(r.open); room > shrinkAbove && last < room/4 { // the removals in between pay for the copy
		r.open = append(make([]*Conn, 0, room/2), r.open...)
		r.due = append(make([]instant, 0, room/2), r.due...)
	}
}

// remove forgets c and remembers how it was last. It reports false for a connection that was never added.
func (r *Registry) remove(c *Conn, end *ending, info *Info) bool {
	r.gone.inMsgs.Add(c.inMsgs.Load())
	r.gone.inBytes.Add(c.inBytes.Load())
	r.gone.outMsgs.Add(c.outMsgs.Load())
	r.gone.outBytes.Add(c.outBytes.Load())
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.place == 0 {
		return false
	}
	r.dropLocked(c)
	gone := c.remember(info, end, r.closed.last.alike)
	r.closed.add(&gone)
	return true
}

// ended says that the goroutine of a connection that was added is at its end.
func (r *Registry) ended() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live--; r.live == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

// count notes why a connection closed.
func (r *Registry) count(reason Reason) { r.reasons[reason].Add(1) }

// Closes is how many connections have closed for the reason.
func (r *Registry) Closes(reason Reason) int64 { return r.reasons[reason].Load() }

// SlowConsumers is how often a receiver was too slow, whether it was closed for that or not.
func (r *Registry) SlowConsumers() int64 {
	return r.Closes(SlowConsumerPendingBytes) + r.Closes(SlowConsumerWriteDeadline) + r.stalls.Load()
}

// Panics is how many panics ended a connection.
func (r *Registry) Panics() int64 { return r.panics.Load() }

// Total is how many connections there have been.
func (r *Registry) Total() uint64 { return r.total.Load() }

// Gone is how many connections have closed.
func (r *Registry) Gone() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total.Load() - uint64(len(r.open))
}

// Len is how many connections there are.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

// each is all connections in any order.
func (r *Registry) each() []*Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.open)
}

// Conns is all connections, the oldest first.
func (r *Registry) Conns() []*Conn {
	all := r.each()
	slices.SortFunc(all, func(a, b *Conn) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Closed is how the last connections that closed were, the oldest first.
func (r *Registry) Closed() []Info {
	r.mu.Lock()
	closed := r.closed
	closed.blocks = slices.Clone(closed.blocks)
	r.mu.Unlock()
	all := make([]Info, 0, closed.n)
	closed.all(func(c *closedConn) { all = append(all, r.info(c)) })
	return all
}

// Find is the connection with the ID; nil if there is none.
func (r *Registry) Find(id uint64) *Conn {
	for _, c := range r.each() {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// CloseAll closes every connection and waits until they are gone, at most for the given time. Nobody is added any more.
func (r *Registry) CloseAll(reason Reason, wait time.Duration) {
	r.mu.Lock()
	r.emptied = true
	r.mu.Unlock()
	for _, c := range r.each() {
		c.Close(reason, "")
	}
	r.mu.Lock()
	if r.live == 0 {
		r.mu.Unlock()
		return
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	idle := r.idle
	r.mu.Unlock()
	select {
	case <-idle:
	case <-time.After(wait):
	}
}

// Traffic is what went through all connections since the start.
func (r *Registry) Traffic() (inMsgs, inBytes, outMsgs, outBytes int64) {
	inMsgs, inBytes = r.gone.inMsgs.Load(), r.gone.inBytes.Load()
	outMsgs, outBytes = r.gone.outMsgs.Load(), r.gone.outBytes.Load()
	for _, c := range r.each() {
		inMsgs += c.inMsgs.Load()
		inBytes += c.inBytes.Load()
		outMsgs += c.outMsgs.Load()
		outBytes += c.outBytes.Load()
	}
	return inMsgs, inBytes, outMsgs, outBytes
}
