package service_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/service"
)

func publish(a *account.Account, subject, reply, body string) int {
	return a.Send(&account.Pub{Subject: []byte(subject), Reply: []byte(reply), Body: []byte(body)})
}

// quiet is a service that logs nothing.
func quiet(backlog int64) *service.Service {
	return service.New(backlog, slog.New(slog.DiscardHandler))
}

func TestHandlersAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := account.New("A"), account.New("B")
		s, asker := quiet(0), quiet(0)
		shout := func(m *service.Message) {
			m.Respond([]byte(m.Account.Name()+" "+m.Subject+" "+strings.ToUpper(string(m.Body))), 0)
		}
		for _, in := range []*account.Account{a, b} {
			if err := s.Handle(in, "shout.*", shout); err != nil {
				t.Fatal(err)
			}
		}
		for _, in := range []*account.Account{a, b} {
			m, err := asker.Ask(in, "shout.it", []byte("hey"), 0, time.Second)
			if err != nil || string(m.Body) != in.Name()+" shout.it HEY" {
				t.Errorf("%v %v", m, err)
			}
		}
		if _, err := asker.Ask(a, "whisper", nil, 0, time.Second); !errors.Is(err, service.ErrNobody) {
			t.Error(err)
		}
		if publish(a, "shout.it", "", "x") != 1 { // nobody waits for an answer
			t.Error("nobody got it")
		}
		if err := s.Handle(a, "no..subject", shout); err == nil {
			t.Error("a subject that is none was taken")
		}
		s.Close()
		if n := publish(a, "shout.it", "", "x"); n != 0 {
			t.Errorf("%d receivers of a closed service", n)
		}
	})
}

// Headers come apart from the body, and go out in front of it.
func TestHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := account.New("A"), quiet(0)
		const header = "NATS/1.0\r\nA: b\r\n\r\n"
		err := s.Handle(a, "in", func(m *service.Message) {
			m.Respond([]byte(string(m.Header)+string(m.Body)+"!"), len(m.Header))
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := quiet(0).Ask(a, "in", []byte(header+"body"), len(header), time.Second)
		if err != nil || string(m.Header) != header || string(m.Body) != "body!" {
			t.Errorf("%+v %v", m, err)
		}
	})
}

// A flood takes no more memory than the backlog and one message; what does not fit is counted, and who asks hears of it. What
// comes afterwards is handled again.
func TestFloodIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, backlog, flood = 100, 10_000, 5_000
		a, s := account.New("A"), quiet(backlog)
		gate := make(chan struct{})
		handled := 0 // by one goroutine at a time, and read when there is none
		if err := s.Handle(a, "in", func(*service.Message) { <-gate; handled++ }); err != nil {
			t.Fatal(err)
		}
		body := strings.Repeat("x", size)
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range 4 {
			wg.Go(func() {
				for range flood / 4 {
					n := publish(a, "in", "", body)
					mu.Lock()
					taken += n
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if most := backlog/size + 5; taken == 0 || taken > most || s.Dropped() != int64(flood-taken) {
			t.Errorf("%d taken, at most %d wanted; %d dropped", taken, most, s.Dropped())
		}
		close(gate)
		synctest.Wait()
		if handled != taken {
			t.Errorf("%d handled of %d", handled, taken)
		}
		if publish(a, "in", "", body) != 1 {
			t.Error("the service does not recover")
		}
	})
}

func TestPanicEndsOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		a, s := account.New("A"), service.New(0, slog.New(slog.NewTextHandler(&log, nil)))
		err := s.Handle(a, "in", func(m *service.Message) {
			if len(m.Body) == 0 {
				panic("no body")
			}
			m.Respond(m.Body, 0)
		})
		if err != nil {
			t.Fatal(err)
		}
		publish(a, "in", "", "")
		if m, err := quiet(0).Ask(a, "in", []byte("x"), 0, time.Second); err != nil || string(m.Body) != "x" {
			t.Errorf("%v %v", m, err)
		}
		if s.Panics() != 1 || !strings.Contains(log.String(), "no body") || !strings.Contains(log.String(), "service_test.go") {
			t.Errorf("%d panics, log %q", s.Panics(), &log)
		}
	})
}

func TestAskGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := account.New("A"), quiet(0)
		replies := make(chan string, 2)
		if err := s.Handle(a, "in", func(m *service.Message) { replies <- m.Reply }); err != nil {
			t.Fatal(err)
		}
		asker, begun := quiet(0), time.Now()
		if _, err := asker.Ask(a, "in", nil, 0, 3*time.Second); !errors.Is(err, service.ErrTimeout) || time.Since(begun) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		first := <-replies
		publish(a, first, "", "too late") // dropped
		before := a.Subs().Len()
		if _, err := asker.Ask(a, "in", nil, 0, time.Second); !errors.Is(err, service.ErrTimeout) {
			t.Error(err)
		}
		if n := a.Subs().Len(); n != before {
			t.Errorf("%d subscriptions, %d before", n, before)
		}
		if second := <-replies; first == second || !strings.HasPrefix(first, "$SYS._INBOX.") {
			t.Error(first, second)
		}
	})
}

// Many ask at once, and each gets its own answer.
func TestAskTogether(t *testing.T) {
	a, s, asker := account.New("A"), quiet(0), quiet(0)
	if err := s.Handle(a, "echo", func(m *service.Message) { m.Respond(m.Body, 0) }); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			m, err := asker.Ask(a, "echo", fmt.Append(nil, i), 0, time.Minute)
			if err != nil || string(m.Body) != fmt.Sprint(i) {
				t.Errorf("%d: %v %v", i, m, err)
			}
		})
	}
	wg.Wait()
}
