package websocket

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"weir/test/process"
)

// hearer is a receiver and what it must get.
type hearer struct {
	want    func(lines ...string)
	sid     string
	headers bool
	lines   []string
}

// add expects one message.
func (h *hearer) add(subject, sid, header, payload string) {
	if header != "" && h.headers {
		h.lines = append(h.lines, fmt.Sprintf("HMSG %s %s %d %d", subject, sid, len(header), len(header)+len(payload)))
		h.lines = append(h.lines, strings.Split(header+payload, "\r\n")...)
		return
	}
	h.lines = append(h.lines, fmt.Sprintf("MSG %s %s %d", subject, sid, len(payload)), payload)
}

// hearers are receivers on every transport, with and without headers, with three sids; each has a subject of its own, too.
func hearers(t *testing.T, server *process.Server) (all []*hearer) {
	for i := range 36 {
		h := &hearer{sid: []string{"1", "2", "seventeen"}[i/2%3], headers: i%2 == 0}
		hello := fmt.Sprintf("CONNECT {\"verbose\":false,\"headers\":%v}\r\nSUB feed %s\r\nSUB own.%d own\r\nPING\r\n", h.headers, h.sid, i)
		switch i / 6 % 3 {
		case 0:
			c := process.DialRaw(t, server.Client)
			c.Send(hello)
			h.want = c.Want
		case 1:
			s := dial(t, server)
			s.send(data(hello))
			h.want = s.want
		case 2:
			s := dial(t, server, deflated)
			s.send(data(hello))
			h.want = s.want
		}
		h.want("PONG")
		all = append(all, h)
	}
	return all
}

// TestReceiversOfEveryKind publishes bursts that most receivers get alike and some do not: what one gets must not depend on
// the others.
//
// parity: 9.1.68
func TestReceiversOfEveryKind(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		all := hearers(t, server)
		publisher := connectPlain(t, server)
		rng := rand.New(rand.NewPCG(1, 7))
		for range 60 {
			var burst strings.Builder
			for range 1 + rng.IntN(8) {
				payload := strings.Repeat(fmt.Sprintf(`{"price":%d}`, rng.IntN(1000)), []int{0, 1, 5, 30, 700}[rng.IntN(5)])
				header := ""
				if rng.IntN(4) == 0 {
					header = "NATS/1.0\r\nA: b\r\n\r\n"
				}
				subject, sids := "feed", all
				if rng.IntN(4) == 0 {
					i := rng.IntN(len(all))
					subject, sids = fmt.Sprintf("own.%d", i), all[i:i+1]
				}
				if header == "" {
					fmt.Fprintf(&burst, "PUB %s %d\r\n%s\r\n", subject, len(payload), payload)
				} else {
					fmt.Fprintf(&burst, "HPUB %s %d %d\r\n%s%s\r\n", subject, len(header), len(header)+len(payload), header, payload)
				}
				for _, h := range sids {
					sid := h.sid
					if subject != "feed" {
						sid = "own"
					}
					h.add(subject, sid, header, payload)
				}
			}
			publisher.Send(burst.String())
			for _, h := range all {
				h.want(h.lines...)
				h.lines = nil
			}
		}
	})
}
