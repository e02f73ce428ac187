package admission_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/admission"
)

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		throttle := admission.NewThrottle(slog.New(slog.NewTextHandler(&log, nil)))
		admitted := func(n, rate int) (in int) {
			for range n {
				if throttle.Admit(rate) {
					in++
				}
			}
			return in
		}
		if n := admitted(100, 0); n != 100 {
			t.Errorf("%d of 100 without a limit", n)
		}
		if n := admitted(10, 4); n != 4 {
			t.Errorf("%d at once, want 4", n)
		}
		time.Sleep(250 * time.Millisecond)
		if n := admitted(10, 4); n != 1 {
			t.Errorf("%d after a quarter of a second, want 1", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := log.String(); strings.Count(got, "Rejected 15 connections due to TLS rate limiting") != 1 || strings.Count(got, "\n") != 1 {
			t.Error(got)
		}
		if n := admitted(10, 4); n != 4 {
			t.Errorf("%d after a second, want 4", n)
		}
		time.Sleep(2 * time.Second)
	})
}
