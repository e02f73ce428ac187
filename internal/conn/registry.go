package conn

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMaxClosed is how many closed connections the registry remembers, the same as nats-server.
const DefaultMaxClosed = 10_000

// Registry knows all connections of a server. It is safe for use by any number of goroutines.
type Registry struct {
	Log *slog.Logger // immutable

	config  atomic.Pointer[Config]
	nextID  atomic.Uint64
	total   atomic.Uint64
	panics  atomic.Int64
	reasons [len(reasons)]atomic.Int64
	gone    totals // traffic of connections that are gone

	mu      sync.Mutex // guards all below
	open    map[uint64]*Conn
	awake   []*Conn // connections that may have a goroutine, for ParkSilent
	live    int     // connections whose goroutine has not ended; those in open are among them
	most    int     // how many closed connections are remembered
	closed  []Info  // ring of the last connections that closed; next is the oldest once it is full
	next    int
	emptied bool          // CloseAll was called: nobody is added any more
	idle    chan struct{} // closed when the last goroutine ends, if somebody waits
}

// totals is traffic in both directions.
type totals struct{ inMsgs, inBytes, outMsgs, outBytes atomic.Int64 }

// NewRegistry makes an empty registry.
func NewRegistry(c Config, log *slog.Logger) *Registry {
	r := &Registry{Log: log, open: make(map[uint64]*Conn), most: DefaultMaxClosed}
	r.SetConfig(c)
	return r
}

// Config is the current configuration, defaults filled in.
func (r *Registry) Config() *Config { return r.config.Load() }

// SetConfig replaces the configuration for all that happens from now on.
func (r *Registry) SetConfig(c Config) {
	c = c.WithDefaults()
	r.config.Store(&c)
}

// Remember sets how many closed connections are remembered. It is called before the first one closes.
func (r *Registry) Remember(most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.most = most
}

// Add registers c. It returns why c may not come in, or 0.
func (r *Registry) Add(c *Conn) Reason {
	most := r.Config().MaxConnections
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.emptied:
		return ServerShutdown
	case most > 0 && len(r.open) >= most:
		return MaxConnectionsExceeded
	}
	r.open[c.ID] = c
	r.live++
	r.awake = append(r.awake, c)
	r.total.Add(1)
	return 0
}

// remove forgets c and remembers how it was last. It reports false for a connection that was never added.
func (r *Registry) remove(c *Conn, end *ending, info Info) bool {
	r.gone.inMsgs.Add(c.inMsgs.Load())
	r.gone.inBytes.Add(c.inBytes.Load())
	r.gone.outMsgs.Add(c.outMsgs.Load())
	r.gone.outBytes.Add(c.outBytes.Load())
	info.Stop, info.Reason = end.at, end.reason
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.open[c.ID]; !ok {
		return false
	}
	delete(r.open, c.ID)
	switch {
	case r.most <= 0:
	case len(r.closed) < r.most:
		r.closed = append(r.closed, info)
	default:
		r.closed[r.next] = info
		r.next = (r.next + 1) % r.most
	}
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

// Conns is all connections, the oldest first.
func (r *Registry) Conns() []*Conn {
	r.mu.Lock()
	all := make([]*Conn, 0, len(r.open))
	for _, c := range r.open {
		all = append(all, c)
	}
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b *Conn) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Closed is how the last connections that closed were, the oldest first.
func (r *Registry) Closed() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(slices.Clone(r.closed[r.next:]), r.closed[:r.next]...)
}

// Find is the connection with the ID; nil if there is none.
func (r *Registry) Find(id uint64) *Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open[id]
}

// CloseAll closes every connection and waits until they are gone, at most for the given time. Nobody is added any more.
func (r *Registry) CloseAll(reason Reason, wait time.Duration) {
	r.mu.Lock()
	r.emptied = true
	r.mu.Unlock()
	for _, c := range r.Conns() {
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
	for _, c := range r.Conns() {
		inMsgs += c.inMsgs.Load()
		inBytes += c.inBytes.Load()
		outMsgs += c.outMsgs.Load()
		outBytes += c.outBytes.Load()
	}
	return inMsgs, inBytes, outMsgs, outBytes
}
