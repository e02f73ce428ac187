package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"weir/internal/config"
	"weir/internal/logline"
)

// fake is a node that tells what is done with it.
type fake struct {
	calls   chan string
	refuse  error
	applied *config.Options
	stopped chan struct{}
	once    sync.Once
}

func newFake() *fake { return &fake{calls: make(chan string, 16), stopped: make(chan struct{})} }

func (f *fake) Wait()     { <-f.stopped }
func (f *fake) LameDuck() { f.calls <- "ldm" }
func (f *fake) Shutdown() {
	f.calls <- "shutdown"
	f.once.Do(func() { close(f.stopped) })
}

func (f *fake) Reload(o *config.Options) error {
	f.calls <- "reload"
	if f.refuse == nil {
		f.applied = o
	}
	return f.refuse
}

// steer returns the steward of a fake, with the log in a buffer.
func steer(t *testing.T, args ...string) (*steward, *fake, *bytes.Buffer) {
	t.Helper()
	cmd, err := parse(args)
	if err != nil {
		t.Fatal(err)
	}
	buf := new(bytes.Buffer)
	p := &program{name: ownName, stderr: buf}
	o, err := cmd.options()
	if err != nil {
		t.Fatal(err)
	}
	log, err := logline.Open(p.logConfig(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	f := newFake()
	return &steward{node: f, log: log, cmd: cmd, program: p, current: o}, f, buf
}

func TestSignalsOfTheSystem(t *testing.T) {
	tests := []struct {
		name    string
		retreat bool
		sig     os.Signal
	}{
		{"interrupt", false, os.Interrupt},
		{"terminate", false, syscall.SIGTERM},
		{"interrupt ends a retreat", true, os.Interrupt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, f, buf := steer(t, "-T=false")
			if tt.retreat {
				s.do("ldm")
			}
			sigs := make(chan os.Signal, 1)
			sigs <- tt.sig
			s.watch(sigs, nil) // returns after the shutdown
			f.Wait()
			if !strings.HasSuffix(buf.String(), "[INF] Trapped \""+tt.sig.String()+"\" signal\n") {
				t.Errorf("log: %q", buf)
			}
		})
	}
}

func TestTerminateAwaitsTheEndOfARetreat(t *testing.T) {
	s, f, _ := steer(t, "-T=false")
	s.do("ldm")
	if got := <-f.calls; got != "ldm" {
		t.Errorf("got %q", got)
	}
	if s.do("ldm") || s.do("term") {
		t.Error("the server was ended")
	}
	if len(f.calls) != 0 {
		t.Errorf("%d more calls", len(f.calls))
	}
}

func TestWatchEndsWithTheServer(t *testing.T) {
	s, _, _ := steer(t, "-T=false")
	done := make(chan struct{})
	close(done)
	s.watch(nil, done)
}

// A reload that a client asks for is done where the signals are, until the server ends.
func TestReloadOnRequest(t *testing.T) {
	s, f, _ := steer(t, "-c", write(t, "weir.conf", "max_payload: 1000\nlogtime: false\n"))
	s.asks = make(chan chan error)
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		s.watch(nil, done)
		close(ended)
	}()
	if err := s.ask(done); err != nil || len(f.calls) != 1 {
		t.Errorf("%v, %d calls", err, len(f.calls))
	}
	f.refuse = errors.New("port can not change")
	if err := s.ask(done); !errors.Is(err, f.refuse) {
		t.Error(err)
	}
	close(done)
	<-ended
	if err := s.ask(done); !errors.Is(err, errEnded) {
		t.Error(err)
	}
}

func TestReload(t *testing.T) {
	path := write(t, "weir.conf", "max_payload: 1000\nlogtime: false\n")
	s, f, buf := steer(t, "-c", path, "-p", "5001")
	log := s.log.Logger()

	if err := os.WriteFile(path, []byte("max_payload: 2000\nlogtime: false\ndebug: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.do("reload")
	if f.applied == nil || f.applied.Protocol.MaxPayload != 2000 || f.applied.Client.Port != 5001 {
		t.Fatalf("applied %+v", f.applied)
	}
	log.Debug("now seen")
	if !strings.HasSuffix(buf.String(), "[DBG] now seen\n") {
		t.Errorf("the log was not switched: %q", buf)
	}

	f.refuse = errors.New("port can not change")
	if err := os.WriteFile(path, []byte("logtime: false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.do("reload")
	log.Debug("still seen")
	if got := buf.String(); !strings.Contains(got, "[ERR] Failed to reload server configuration: port can not change\n") ||
		!strings.HasSuffix(got, "[DBG] still seen\n") {
		t.Errorf("after a refusal: %q", got)
	}

	if err := os.WriteFile(path, []byte("prt: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	calls := len(f.calls)
	s.do("reload")
	if got := buf.String(); !strings.HasSuffix(got, "unknown field \"prt\"\n") || len(f.calls) != calls {
		t.Errorf("after a faulty file: %q", got)
	}
}

func TestReloadWithoutAFile(t *testing.T) {
	s, f, buf := steer(t, "-T=false")
	s.do("reload")
	if !strings.HasSuffix(buf.String(), "[ERR] Failed to reload server configuration: can only reload config when a file is provided using -c or --config\n") || len(f.calls) != 0 {
		t.Errorf("log: %q", buf)
	}
}

func TestReopenOfTheLog(t *testing.T) {
	s, _, buf := steer(t, "-T=false")
	s.do("reopen")
	if !strings.HasSuffix(buf.String(), "[INF] File log re-open ignored, not a file logger\n") {
		t.Errorf("log: %q", buf)
	}

	path := filepath.Join(t.TempDir(), "weir.log")
	s, _, _ = steer(t, "-T=false", "-l", path)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	s.do("reopen")
	b, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(string(b), "[INF] File log re-opened\n") {
		t.Errorf("new file: %q, %v", b, err)
	}
}

// launch runs the command with a start that gives what it returns.
func launch(start func(*config.Options, *slog.Logger, func() error) (node, error), args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	p := &program{name: ownName, stdout: &out, stderr: &errs, start: start}
	return p.run(args), out.String(), errs.String()
}

// ended is a start whose server has ended already.
func ended(_ *config.Options, log *slog.Logger, _ func() error) (node, error) {
	log.Info("Server is ready")
	f := newFake()
	close(f.stopped)
	return f, nil
}

func TestGreeting(t *testing.T) {
	status, out, errs := launch(ended)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{"http://127.0.0.1:8080/\n", "ws://127.0.0.1:8080\n", "nats://127.0.0.1:4222\n", "http://127.0.0.1:8222/\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("greeting without %q: %q", want, out)
		}
	}
	if !strings.HasSuffix(errs, "[INF] Server is ready\n") || strings.Contains(errs, "Console") {
		t.Errorf("log: %q", errs)
	}

	status, out, _ = launch(ended, "-p", "4222")
	if status != 0 || out != "" {
		t.Errorf("with a flag: status %d, stdout %q", status, out)
	}
}

// TestReloadAskedForAtOnce: a client may ask as soon as the server listens.
func TestReloadAskedForAtOnce(t *testing.T) {
	var answer error
	launch(func(_ *config.Options, _ *slog.Logger, reload func() error) (node, error) {
		f := newFake()
		go func() {
			answer = reload()
			close(f.stopped)
		}()
		return f, nil
	}, "-T=false")
	if answer != errNoFile {
		t.Error(answer)
	}
}

func TestStartThatFails(t *testing.T) {
	inUse := func(*config.Options, *slog.Logger, func() error) (node, error) {
		return nil, &os.SyscallError{Syscall: "bind", Err: syscall.EADDRINUSE}
	}
	const want = "bind: address already in use (another program listens there: stop it, or choose another port)\n"
	status, out, errs := launch(inUse, "-T=false")
	if status != 1 || out != "" || !strings.HasSuffix(errs, "[FTL] "+want) || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d, stdout %q, stderr %q", status, out, errs)
	}

	path := filepath.Join(t.TempDir(), "weir.log")
	status, _, errs = launch(inUse, "-T=false", "-l", path)
	b, err := os.ReadFile(path)
	if status != 1 || errs != "weir: "+want || err != nil || !strings.HasSuffix(string(b), "[FTL] "+want) {
		t.Errorf("with a log file: status %d, stderr %q, log %q, %v", status, errs, b, err)
	}
}

func TestAdviceSaysWhatToDo(t *testing.T) {
	for _, err := range []error{syscall.EADDRINUSE, syscall.EADDRNOTAVAIL, syscall.EACCES} {
		if advice(err) == "" {
			t.Errorf("%v: none", err)
		}
	}
	if got := advice(io.EOF); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestFatalLevelIsNotSwitchedOff(t *testing.T) {
	s, _, buf := steer(t, "-T=false")
	s.log.Logger().Log(context.Background(), logline.LevelFatal, "the end")
	if !strings.HasSuffix(buf.String(), "[FTL] the end\n") {
		t.Errorf("log: %q", buf)
	}
}
