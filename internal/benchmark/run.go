package benchmark

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/proto"
)

// dialers is how many connections are made at the same time.
const dialers = 64

// spareFiles is what a process has open besides its connections.
const spareFiles = 64

// Run puts the load of c on its server, and tells watch, from one goroutine, how far it is. When ctx ends, the load ends
// early, and that is no error. After an error there is a report if anything was measured: what came before it.
func Run(ctx context.Context, c Config, watch func(Progress)) (*Report, error) {
	c = c.WithDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	e, err := c.Target.resolve()
	if err != nil {
		return nil, err
	}
	report := &Report{Command: c.Command, Server: e.server, Compressed: e.deflate, Subject: c.Subject}
	if c.Command != Sub && c.Command != Idle {
		report.Size = c.bytes()
	}
	for _, clients := range c.Clients {
		if ctx.Err() != nil {
			break
		}
		var result Result
		var info *proto.Info
		result, info, err = runOnce(ctx, &c, e, clients, watch)
		if info != nil && (err == nil || result.measured()) {
			report.ServerName, report.ServerVersion, report.Weir = info.ServerName, info.Version, info.Weir
			report.Results = append(report.Results, result)
		}
		if err != nil {
			break
		}
	}
	report.Interrupted = ctx.Err() != nil
	switch {
	case err == nil:
		return report, nil
	case len(report.Results) == 0:
		return nil, err
	}
	report.Error = err.Error()
	return report, err
}

// run is one run of a load.
type run struct {
	clock
	*Config
	endpoint *endpoint
	clients  int

	// work ends when nothing more is to be sent: at the end of the time, by a failure, or because somebody wants it.
	work context.Context
	// failed ends with the failure as its cause, and is why everything ends.
	failed context.Context
	fail   context.CancelCauseFunc

	readers   sync.WaitGroup
	leaving   atomic.Bool
	lost      func(c *conn, err error) // gets what ended a connection too early; fail if nil
	phase     atomic.Pointer[phase]
	taken     atomic.Int64 // messages that somebody has begun to send
	setup     Histogram
	dialing   int64 // ns that it took to make the connections
	info      atomic.Pointer[proto.Info]
	openMu    sync.Mutex // guards opened, while dialers work
	opened    []*conn
	lostCount atomic.Int64 // connections of idle
}

// phase is what a run does at a time.
type phase struct {
	name  string
	total int64
	since int64
	done  func() int64
}

// load is the part of a run that is of its kind.
type load func(*run) (Result, error)

var loads = map[Command]load{Pub: publish, Sub: subscribe, Request: ask, Fanout: fanOut, Idle: hold}

func runOnce(ctx context.Context, c *Config, e *endpoint, clients int, watch func(Progress)) (Result, *proto.Info, error) {
	r := &run{clock: clock{time.Now()}, Config: c, endpoint: e, clients: clients}
	connections := clients + c.Publishers + c.Responders
	if have, ok := allowFiles(connections + spareFiles); !ok {
		return Result{}, nil, fmt.Errorf("%d connections need as many open files, and this process may have %d: raise that with ulimit -n", connections, have)
	}
	r.failed, r.fail = context.WithCancelCause(context.Background())
	defer r.fail(nil)
	var cancel context.CancelFunc
	r.work, cancel = context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.failed, cancel)()

	r.enter("connecting", int64(connections), r.openCount)
	watching := r.watch(watch)
	result, err := loads[c.Command](r)
	watching()
	r.leaving.Store(true)
	for _, c := range r.opened {
		c.leave()
	}
	r.readers.Wait()
	if failure := context.Cause(r.failed); failure != nil {
		err = failure
	}
	if err != nil && ctx.Err() != nil {
		err = nil // somebody has ended it, and the rest is what comes of that
	}
	r.complete(&result)
	return result, r.info.Load(), err
}

// complete fills in what all loads have in common.
func (r *run) complete(result *Result) {
	result.Clients = r.clients
	result.Publishers, result.Responders = r.Publishers, r.Responders
	result.MessagesPerSecond = perSecond(result.Messages, result.Seconds)
	result.BytesPerSecond = perSecond(result.Bytes, result.Seconds)
	for _, c := range r.opened {
		result.StreamSent += c.sent.Load()
		result.StreamReceived += c.received.Load()
	}
	result.Setup = r.setup.Summarize()
	result.Connections = int64(len(r.opened))
	result.ConnectionsPerSecond = perSecond(result.Connections, seconds(r.dialing))
}

func seconds(ns int64) float64 { return float64(ns) / float64(time.Second) }

// watch tells how far the run is until stop is called.
func (r *run) watch(watch func(Progress)) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		ticker := time.NewTicker(r.Progress)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				watch(r.progress())
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		wait.Wait()
	}
}

func (r *run) progress() Progress {
	p := Progress{Clients: r.clients, Lost: r.lostCount.Load()}
	if now := r.phase.Load(); now != nil {
		p.Phase, p.Total, p.Done = now.name, now.total, now.done()
		p.Elapsed = seconds(r.now() - now.since)
	}
	return p
}

// enter says what the run does from now on.
func (r *run) enter(name string, total int64, done func() int64) {
	r.phase.Store(&phase{name, total, r.now(), done})
}

// begin enters the phase that is measured, and returns when it began. Its time is limited.
func (r *run) begin(name string, total int64, done func() int64) int64 {
	r.enter(name, total, done)
	if r.Duration > 0 {
		ctx, cancel := context.WithTimeout(r.work, r.Duration)
		context.AfterFunc(ctx, cancel)
		r.work = ctx
	}
	return r.now()
}

// take reports whether another message is to be sent.
func (r *run) take() bool { return r.Messages == 0 || r.taken.Add(1) <= r.Messages }

// recruit is how a group of connections comes in.
type recruit struct {
	n       int
	rate    float64           // connections per second, 0 for no limit
	hello   func(int) []byte  // operations behind CONNECT; nil for none
	handler func(int) handler // nil for none
	refused func(error)       // gets failures, and others are tried; nil ends all at the first one
}

// open makes connections, and starts to read them. The failure of one is that of all, unless somebody takes it.
func (r *run) open(g recruit) ([]*conn, error) {
	conns := make([]*conn, g.n)
	ctx, cancel := context.WithCancelCause(r.work)
	defer cancel(nil)
	jobs := make(chan int)
	go func() {
		defer close(jobs)
		p := newPace(r.clock, g.rate, 0, 1)
		for i := range g.n {
			if _, ok := p.wait(ctx); !ok {
				return
			}
			select {
			case jobs <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	begun := r.now()
	var wait sync.WaitGroup
	for range min(g.n, dialers) {
		wait.Go(func() {
			d := newDialer(r.endpoint)
			for i := range jobs {
				c, err := r.join(ctx, d, i, &g)
				switch {
				case err == nil:
					conns[i] = c
				case ctx.Err() != nil:
				case g.refused != nil:
					g.refused(err)
				default:
					cancel(err)
				}
			}
		})
	}
	wait.Wait()
	r.dialing += r.now() - begun
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return conns, nil
}

// join makes one connection and starts its reader.
func (r *run) join(ctx context.Context, d *dialer, i int, g *recruit) (*conn, error) {
	var hello []byte
	if g.hello != nil {
		hello = g.hello(i)
	}
	c := newConn(r.clock, i)
	if g.handler != nil {
		c.handler = g.handler(i)
	}
	begun := r.now()
	info, err := d.dial(ctx, c, hello)
	if err != nil {
		return nil, err
	}
	if most := info.MaxPayload; r.Command != Sub && r.Command != Idle && most > 0 && r.bytes() > most {
		c.leave()
		return nil, wrong("size", "%d bytes are more than the %d that the server takes (max_payload)", r.bytes(), most)
	}
	c.joined = r.now()
	r.setup.Record(time.Duration(c.joined - begun))
	r.info.CompareAndSwap(nil, info)
	r.openMu.Lock()
	r.opened = append(r.opened, c)
	r.openMu.Unlock()
	r.readers.Go(func() {
		err := c.read()
		switch {
		case r.leaving.Load():
		case r.lost != nil:
			r.lost(c, err)
		default:
			r.fail(r.loss(err))
		}
	})
	return c, nil
}

// loss is the failure of a connection that is lost.
func (r *run) loss(err error) error {
	return fmt.Errorf("connection to %s: %w", r.endpoint.server, err)
}

// openCount is the connections there are.
func (r *run) openCount() int64 {
	r.openMu.Lock()
	defer r.openMu.Unlock()
	return int64(len(r.opened))
}

// Why something did not come.
var (
	errNoPong   = errors.New("no PONG in time")
	errNoAnswer = errors.New("no answer in time")
)

// settle returns when the server has read all that c has sent.
func (r *run) settle(c *conn) error {
	if err := c.send([]byte(proto.Ping)); err != nil {
		return err
	}
	select {
	case <-c.pong:
		return nil
	case <-r.failed.Done():
		return context.Cause(r.failed)
	case <-time.After(r.endpoint.timeout):
		return errNoPong
	}
}

// each runs f for every connection, in goroutines of their own, and fails with the first error.
func (r *run) each(conns []*conn, f func(c *conn) error) {
	var wait sync.WaitGroup
	for _, c := range conns {
		wait.Go(func() {
			err := f(c)
			if err == nil {
				return
			}
			if socket := net.Error(nil); errors.As(err, &socket) {
				select {
				case <-r.failed.Done(): // the reader knows better why
				case <-time.After(lastWords):
				}
			}
			r.fail(r.loss(err))
		})
	}
	wait.Wait()
}

// lastWords is how long a connection that takes no bytes may still say why.
const lastWords = time.Second

// totals sums up the counters of connections. first is 0 if nothing came.
func totals(conns []*conn) (messages, bytes, first, last int64) {
	for _, c := range conns {
		n := c.messages.Load()
		if n == 0 {
			continue
		}
		messages += n
		bytes += c.bytes.Load()
		if at := c.first.Load(); first == 0 || at < first {
			first = at
		}
		last = max(last, c.last.Load())
	}
	return messages, bytes, first, last
}

func count(conns []*conn) func() int64 {
	return func() (n int64) {
		for _, c := range conns {
			n += c.messages.Load()
		}
		return n
	}
}
