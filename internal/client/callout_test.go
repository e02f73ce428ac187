package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
)

// slow is an oracle that takes its time.
type slow struct {
	asked  chan *auth.Question
	answer chan error
}

func (s *slow) Ask(q *auth.Question) (auth.Identity, error) {
	s.asked <- q
	return auth.Identity{Name: "asked"}, <-s.answer
}

// slowly is a house that asks about everybody.
func slowly(t *testing.T) (*house, *slow) {
	s := &slow{asked: make(chan *auth.Question), answer: make(chan error)}
	h := (&house{auth: auth.Config{Callout: &auth.Callout{Issuer: "I"}}, timeout: time.Minute}).start(t)
	h.policy.Store(h.policy.Load().Ask(s))
	return h, s
}

// asking is a house whose client waits for the answer.
func asking(t *testing.T) (*house, *slow, *peer) {
	h, s := slowly(t)
	p := h.dial()
	p.line()
	p.send("CONNECT {\"verbose\":false,\"user\":\"ann\"}\r\n")
	<-s.asked
	return h, s, p
}

// While a client waits for a callout, others come and go, a reload does not wait for it, and what the client has sent behind its
// CONNECT waits with it.
func TestCalloutHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := slowly(t)
		p := h.dial()
		p.line()
		p.send("CONNECT {\"verbose\":false,\"user\":\"ann\",\"name\":\"page\",\"lang\":\"js\"}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\n")
		q := <-s.asked
		if a := q.From.Arrival; a.Name != "page" || a.Lang != "js" || a.Kind != "nats" || a.Patience != time.Minute || q.User != "ann" {
			t.Errorf("%+v %+v", q, a)
		}
		begun := time.Now()
		for _, c := range h.env.Registry.Conns() {
			c.Visitor().(*client.Client).Recheck()
		}
		if time.Since(begun) != 0 {
			t.Error("a reload waited")
		}
		if h.env.Accounts.Global().Clients() != 0 {
			t.Error("the client has a seat already")
		}
		s.answer <- nil
		p.want("MSG a 1 2", "hi")
	})
}

// A reload while the answer is under way counts: what was asked in vain is not let in.
func TestCalloutGoneMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s, p := asking(t)
		h.setAuth(auth.Config{Username: "bob", Password: "b"})
		s.answer <- nil
		p.want("-ERR 'Authorization Violation'", "EOF")
	})
}

// Who is closed while it waits takes no seat afterwards.
func TestCalloutOfWhoIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s, p := asking(t)
		for _, c := range h.env.Registry.Conns() {
			c.Close(conn.ServerShutdown, "")
		}
		s.answer <- nil
		p.want("EOF")
		synctest.Wait()
		if h.env.Accounts.Global().Clients() != 0 {
			t.Error("it has a seat")
		}
	})
}

// Whatever the reason, the client hears the same.
func TestCalloutRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := slowly(t)
		for _, err := range []error{auth.ErrUnanswered, auth.ErrDenied, auth.ErrProxyRequired} {
			p := h.dial()
			p.line()
			p.send("CONNECT {\"verbose\":false,\"user\":\"ann\"}\r\n")
			<-s.asked
			s.answer <- &auth.Refusal{Account: "$G", Text: "no", Err: err}
			p.want("-ERR 'Authorization Violation'", "EOF")
		}
	})
}
