package admission_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/admission"
	"weir/ws"
)

// lines collects a log.
type lines struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// taken is what was logged since it was last asked.
func (l *lines) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

func TestRefusalLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lines
		r := admission.NewRefusals("websocket", out.logger())
		r.Upgrade("1.2.3.4:5", ws.ErrKeyMissing)
		r.Connection("1.2.3.4:5", admission.HalfOpenFull)
		r.Connection("1.2.3.4:5", fmt.Errorf("%w: %w", admission.ErrProxyHeaderInvalid, errors.New("port")))
		r.Connection("1.2.3.4:5", errors.New("gone"))
		log.New(r, "", 0).Print("http: TLS handshake error from 1.2.3.4:5: EOF")
		log.New(r, "", 0).Print("http: something else")
		want := []string{
			`level=INFO msg="websocket upgrade refused: 400: no Sec-WebSocket-Key in request" conn=1.2.3.4:5`,
			`level=INFO msg="websocket connection refused: too many handshakes under way" conn=1.2.3.4:5`,
			`level=INFO msg="websocket connection refused: PROXY header is invalid: port" conn=1.2.3.4:5`,
			`level=INFO msg="websocket connection refused: gone" conn=1.2.3.4:5`,
			`level=ERROR msg="websocket: http: TLS handshake error from 1.2.3.4:5: EOF"`,
			`level=ERROR msg="websocket: http: something else"`,
		}
		if got := out.taken(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("log:\n%s", strings.Join(got, "\n"))
		}
		for range 100 {
			r.Upgrade("1.2.3.4:5", ws.ErrVersion)
		}
		if got := out.taken(); len(got) != admission.RefusalLines-len(want) {
			t.Errorf("%d more lines in the second", len(got))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := out.taken(); len(got) != 1 || !strings.Contains(got[0], fmt.Sprintf("%d more refused", 100+len(want)-admission.RefusalLines)) {
			t.Errorf("at the end of the second: %q", got)
		}
		time.Sleep(time.Hour)
		r.Upgrade("1.2.3.4:5", ws.ErrVersion)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := out.taken(); len(got) != 1 || !strings.Contains(got[0], "Version") {
			t.Errorf("in a quiet second: %q", got)
		}
		counts := r.Counts()
		for reason, n := range map[string]uint64{
			ws.ErrKeyMissing.Reason: 1, ws.ErrVersion.Reason: 101, admission.HalfOpenFull.String(): 1,
			admission.ErrProxyHeaderInvalid.Error(): 1, "connection failed": 1, "TLS handshake failed": 1, "HTTP error": 1,
		} {
			if counts[reason] != n {
				t.Errorf("%s: %d, want %d", reason, counts[reason], n)
			}
		}
		if len(counts) != 7 {
			t.Errorf("counts %v", counts)
		}
	})
}
