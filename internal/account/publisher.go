package account

import (
	"runtime"
	"sync"

	"weir/internal/msg"
	"weir/internal/outbound"
	"weir/internal/subject"
)

// wideFlush is the number of receivers above which one flush is split over the cores: below it the hand-over costs more
// than the writes that it spreads (a write of a small frame takes about a microsecond, BenchmarkFlush).
const wideFlush = 256

// manyFlushes is the number of receivers whose flushes take so long, about half a millisecond, that nobody's conversation
// should wait for them.
const manyFlushes = 64

// Publisher is what publishing needs of one connection. It belongs to that connection's goroutine; the zero value is ready
// and holds no memory.
type Publisher struct {
	// Self is the visitor that publishes; with NoEcho its own subscriptions do not get its messages.
	Self   Subscriber
	NoEcho bool
	// Copies lets messages with one receiver be written into its queue at once.
	Copies bool

	// Who tells services about the visitor; nil if they learn nothing.
	Who func(detailed bool) Client

	cache   subject.Cache[*Sub]
	foreign map[*Account]*subject.Cache[*Sub] // of other accounts, whose services it asks
	home    *Account                          // whose tree the cache is of
	last    *subject.Result[*Sub]             // of the last message at home; nil once there was another look-up
	sent    struct{ msgs, bytes int64 }       // deliveries at home since the last flush
	owed    []*outbound.Queue
	names   []byte    // subjects that were made for the message being published
	others  []renamed // and the same message under such names
	run     run
}

// renamed is a message that comes by an import.
type renamed struct {
	of   *msg.Msg
	by   *streamImport
	made *msg.Msg
}

// renamed is m under the name that the import gives it.
func (p *Publisher) renamed(m *msg.Msg, i *streamImport, name []byte) *msg.Msg {
	for _, r := range p.others {
		if r.of == m && r.by == i {
			return r.made
		}
	}
	made := m.Renamed(name)
	p.others = append(p.others, renamed{m, i, made})
	return made
}

// receivers is who gets pub in a, where no mapping has a say in it. In the publisher's own account, a subject that comes again
// is not looked up again.
func (p *Publisher) receivers(a *Account, pub *Pub) *subject.Result[*Sub] {
	if pub.Again && p.last != nil && p.home == a && p.cache.Stands(&a.subs) {
		return p.last
	}
	r := p.lookup(a, pub.Subject)
	if p.home == a {
		p.last = r
	}
	return r
}

// lookup is who listens to name in a.
func (p *Publisher) lookup(a *Account, name []byte) *subject.Result[*Sub] {
	p.last = nil
	if p.home == nil {
		p.home = a
	}
	if p.home == a {
		return p.cache.Lookup(&a.subs, name)
	}
	c := p.foreign[a]
	if c == nil {
		if p.foreign == nil {
			p.foreign = make(map[*Account]*subject.Cache[*Sub])
		}
		c = new(subject.Cache[*Sub])
		p.foreign[a] = c
	}
	return c.Lookup(&a.subs, name)
}

// owe notes that q must be flushed at the end of the chunk.
func (p *Publisher) owe(q *outbound.Queue) { p.owed = append(p.owed, q) }

// PushLine appends a protocol line to q and takes over the flush if one is owed. The outcome is the queue's.
func (p *Publisher) PushLine(q *outbound.Queue, line string) outbound.Outcome {
	p.EndRun()
	o := q.PushLine(line)
	if o == outbound.Owed {
		p.owe(q)
	}
	return o
}

// OwesMany reports whether Flush will take long.
func (p *Publisher) OwesMany() bool { return len(p.owed) >= manyFlushes }

// Flush sends what waits in every queue that the publisher owes a flush.
func (p *Publisher) Flush() {
	p.EndRun()
	p.settle()
	owed := p.owed
	switch {
	case len(owed) == 0:
		return
	case len(owed) < wideFlush:
		flush(owed)
	default:
		flushWide(owed)
	}
	clear(owed)
	p.owed = owed[:0]
}

// Forget gives up what is remembered of accounts, for a visitor that goes to another one. What is owed stays.
func (p *Publisher) Forget() {
	p.EndRun()
	p.run.judged = nil
	p.settle()
	p.cache.Release()
	for _, c := range p.foreign {
		c.Release()
	}
	p.foreign, p.home, p.last = nil, nil, nil
}

// Release gives back the memory that an idle publisher need not keep. Nothing is owed.
func (p *Publisher) Release() {
	p.Forget()
	p.owed, p.names, p.others, p.run = nil, nil, nil, run{}
}

func flush(owed []*outbound.Queue) {
	var s outbound.Scratch
	for _, q := range owed {
		s = q.Flush(s)
	}
	if s != nil {
		s.Release()
	}
}

// flushWide splits owed over as many goroutines as there are cores and waits for them.
func flushWide(owed []*outbound.Queue) {
	var wg sync.WaitGroup
	share := (len(owed) + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	for len(owed) > share {
		part := owed[:share]
		owed = owed[share:]
		wg.Go(func() { flush(part) })
	}
	flush(owed)
	wg.Wait()
}

// SubOf is a plain subscription of the publisher itself to subject; nil if it has none.
func (p *Publisher) SubOf(a *Account, subject []byte) *Sub {
	for _, s := range p.lookup(a, subject).Plain {
		if s.Owner == p.Self {
			return s
		}
	}
	return nil
}
