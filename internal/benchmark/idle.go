package benchmark

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/proto"
)

// keeper holds the connections of idle, and what became of those that are gone.
type keeper struct {
	*run
	failed atomic.Int64
	kept   Histogram

	mu           sync.Mutex // guards the rest
	firstFailure error
	firstLoss    error
	gone         map[*conn]bool
}

func (k *keeper) refused(err error) {
	k.failed.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.firstFailure == nil {
		k.firstFailure = err
	}
}

func (k *keeper) lose(c *conn, err error) {
	k.kept.Record(time.Duration(k.now() - c.joined))
	k.lostCount.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone[c] = true
	if k.firstLoss == nil {
		k.firstLoss = err
	}
	if len(k.gone) == k.clients-int(k.failed.Load()) {
		k.fail(fmt.Errorf("all connections are lost, the first one: %w", k.firstLoss))
	}
}

// hold is the load of idle.
func hold(r *run) (Result, error) {
	k := &keeper{run: r, gone: map[*conn]bool{}}
	r.lost = k.lose
	_, err := r.open(recruit{
		n: r.clients, rate: r.Rate, refused: k.refused,
		hello: func(i int) []byte {
			return proto.AppendSub(nil, []byte(r.Subject+"."+strconv.Itoa(i)), nil, []byte("1"))
		},
	})
	if err == nil && r.openCount() == 0 {
		err = k.firstFailure
	}
	if err != nil {
		return Result{Idle: k.held()}, err
	}
	begun := r.begin("holding", r.openCount(), func() int64 { return r.openCount() - r.lostCount.Load() })
	<-r.work.Done()
	return Result{Seconds: seconds(r.now() - begun), Idle: k.held()}, nil
}

// held sums up. Connections may still be lost meanwhile; they count as kept, or as lost.
func (k *keeper) held() *Held {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	h := &Held{Failed: k.failed.Load(), Lost: int64(len(k.gone))}
	k.openMu.Lock()
	defer k.openMu.Unlock()
	for _, c := range k.opened {
		h.Pings += c.pings.Load()
		if !k.gone[c] {
			k.kept.Record(time.Duration(now - c.joined))
		}
	}
	if s := k.kept.Summarize(); s != nil {
		h.KeptMin, h.KeptAvg = s.Min/1e6, s.Avg/1e6
	}
	if k.firstFailure != nil {
		h.FirstFailure = k.firstFailure.Error()
	}
	if k.firstLoss != nil {
		h.FirstLoss = k.firstLoss.Error()
	}
	return h
}
