package conn

import (
	"math"
	"time"

	"weir/internal/outbound"
)

// instant is a time of a registry: nanoseconds on a clock that never jumps. 0 was before all connections.
type instant int64

// never comes after every instant.
const never = instant(math.MaxInt64)

// The keep-alive need not be exact: what is due within one step is done together, so that ten thousand silent connections
// wake the processor once a second, and their answers wake it together. A step is a sixteenth of the time until then at most,
// and a second; each divides the larger ones, so that different intervals meet.
const (
	maxStep  = time.Second
	nextStep = 4 // a step divided by the next smaller one
	minStep  = time.Millisecond
)

// after is the first step not earlier than d from i.
func (i instant) after(d time.Duration) instant {
	step := maxStep
	for step > max(d/16, minStep) {
		step /= nextStep
	}
	return (i + instant(d) + instant(step) - 1) / instant(step) * instant(step)
}

// since is how long before i the instant was.
func (i instant) since(earlier instant) time.Duration { return time.Duration(i - earlier) }

// now is the present instant.
func (r *Registry) now() instant { return instant(time.Since(r.epoch)) }

// wall is i on the clock of the world.
func (r *Registry) wall(i instant) time.Time { return r.epoch.Add(time.Duration(i)) }

// lookAt has the keep-alive of c looked at soon after the given instant, unless that happens earlier. Looking too early does
// no harm.
func (r *Registry) lookAt(c *Conn, at instant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := c.place - 1; i >= 0 && at < r.due[i] {
		r.due[i] = at
		r.beatByLocked(at)
	}
}

// beatByLocked sets the timer, unless it ends before that.
func (r *Registry) beatByLocked(at instant) {
	if at >= r.nextBeat {
		return
	}
	r.nextBeat = at
	wait := max(at.since(r.now()), 0)
	if r.timer == nil {
		r.timer = time.AfterFunc(wait, r.beat)
	} else {
		r.timer.Reset(wait)
	}
}

// beat is the goroutine of the timer: it looks at the connections that are due.
func (r *Registry) beat() {
	now := r.now()
	var s outbound.Scratch
	var next instant
	for _, c := range r.late(now) {
		if next, s = c.keepAlive(now, s); next != never {
			r.lookAt(c, next)
		}
	}
	if s != nil {
		s.Release()
	}
}

// late takes out the connections that are due, and sets the timer for the others. It looks at eight bytes of each.
func (r *Registry) late(now instant) (late []*Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := never
	for i, at := range r.due {
		if at <= now {
			late = append(late, r.open[i])
			r.due[i] = never
		} else if at < next {
			next = at
		}
	}
	r.nextBeat = never
	r.beatByLocked(next)
	return late
}
