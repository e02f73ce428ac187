package service_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/service"
)

// Closing ends who waits for an answer, and who rests, at once.
func TestCloseEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s, asker := account.New("A"), quiet(0), quiet(0)
		if err := s.Handle(a, "in", func(*service.Message) {}); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 2)
		go func() {
			_, err := asker.Ask(a, "in", nil, 0, time.Hour)
			ended <- err
		}()
		go func() { ended <- asker.Rest(time.Hour) }()
		synctest.Wait()
		begun := time.Now()
		asker.Close()
		asker.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, service.ErrClosed) {
				t.Error(err)
			}
		}
		if err := quiet(0).Rest(time.Second); err != nil || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}
