package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// matching is one client with very many subscriptions, each for a subject of its own, and a publisher whose messages are
// for one of them each, at random. The messages are small and come in chunks, so that what is left is mostly the search
// for the subscription.
type matching struct{}

const matchingSize = 16 // bytes of a body

func (matching) transport() load.Transport { return load.WS }
func (matching) files(scale) int           { return 2 }

func (matching) open(p *rival.Process, s scale) (session, error) {
	in, err := openInterests(p, s.subjects)
	if err != nil {
		return nil, err
	}
	return in, nil
}

// appendDigits appends the i-th of n subjects, with a token for each digit of the last one: the tree of 10^k subjects is
// k+1 tokens deep.
func appendDigits(dst []byte, i, n int) []byte {
	power := 1
	for power < n {
		power *= 10
	}
	for dst = append(dst, 's'); power > 1; {
		power /= 10
		dst = append(dst, '.', '0'+byte(i/power%10))
	}
	return dst
}

// firstSID makes the ids of all subscriptions equally long, because all MSGs of a client must have one size.
const (
	firstSID  = 1_000_000
	sidDigits = 7
)

// interests is the session of matching.
type interests struct {
	awaited
	p          *rival.Process
	subjects   int
	subscriber *load.Client
	publisher  *load.Client
	loop       *load.Loop
	random     *rand.Rand
	body       []byte
	pub, chunk []byte
}

// openInterests subscribes.
func openInterests(p *rival.Process, subjects int) (*interests, error) {
	in := &interests{awaited: noneAwaited(), p: p, subjects: subjects, random: rand.New(rand.NewPCG(1, 2)), body: load.Noise(1, matchingSize)[0]}
	size := load.MsgSize(string(appendDigits(nil, 0, subjects)), "", matchingSize) + sidDigits - len("1")
	var err error
	if in.subscriber, err = load.Connect(p.Ports, load.WS, load.Hello{MsgSize: size}); err != nil {
		return nil, err
	}
	if err := subscribeAll(in.subscriber, subjects); err != nil {
		in.subscriber.Close()
		return nil, err
	}
	if in.publisher, err = load.Connect(p.Ports, load.WS, load.Hello{}); err != nil {
		in.subscriber.Close()
		return nil, err
	}
	both := []*load.Client{in.subscriber, in.publisher}
	if in.loop, err = load.NewLoop(both, in.got); err != nil {
		load.CloseAll(both)
		return nil, err
	}
	return in, nil
}

// subscribeAll returns when the server has all subscriptions.
func subscribeAll(c *load.Client, subjects int) error {
	const frame = 16 << 10
	var out []byte
	for i := range subjects {
		out = appendDigits(append(out, "SUB "...), i, subjects)
		out = fmt.Appendf(out, " %d\r\n", firstSID+i)
		if len(out) >= frame {
			if err := c.Send(out); err != nil {
				return err
			}
			out = out[:0]
		}
	}
	if err := c.Send(append(out, "PING\r\n"...)); err != nil {
		return err
	}
	return c.AwaitPong()
}

func (in *interests) turn(d time.Duration) ([]measure, error) {
	cpu, err := clocked(in.p, "message", func() (int, error) { return repeat(d, in.step) })
	return []measure{cpu}, err
}

// step publishes a chunk and waits until all of it has arrived.
func (in *interests) step() (messages int, err error) {
	in.chunk = in.chunk[:0]
	for ; len(in.chunk) < chunkSize; messages++ {
		subject := string(appendDigits(in.pub[:0], in.random.IntN(in.subjects), in.subjects))
		in.pub = load.AppendPub(in.pub[:0], subject, "", in.body)
		in.chunk = in.publisher.Append(in.chunk, in.pub)
	}
	in.expect(messages)
	if err := in.publisher.SendRaw(in.chunk); err != nil {
		return 0, err
	}
	return messages, in.loop.Wait(in.all, "a message for every subject")
}

func (in *interests) close() {
	in.loop.Stop()
	in.subscriber.Close()
	in.publisher.Close()
}

// stored is what very many subscriptions weigh, when all that it took to make them has had the time to be given back.
type stored struct{ matching }

func (stored) open(p *rival.Process, s scale) (session, error) {
	o := &holding{scale: s}
	return o, s.busy(func() error {
		if err := visit(p, idle{via: load.WS, messages: 1, size: 128}, firstIdlers); err != nil {
			return err
		}
		time.Sleep(time.Second)
		var err error
		if o.base, err = p.Memory(); err != nil {
			return err
		}
		o.interests, err = openInterests(p, s.subjects)
		return err
	})
}

// holding is the session of stored.
type holding struct {
	*interests
	base  int64
	scale scale
}

func (o *holding) turn(time.Duration) ([]measure, error) {
	if err := o.loop.Watch(o.scale.settle + o.scale.window); err != nil {
		return nil, err
	}
	now, err := o.p.Memory()
	return []measure{figure("memory of one", "B/subscription", float64(now-o.base)/float64(o.subjects)), mebibytes(now)}, err
}
