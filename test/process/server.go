package process

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience is how long anything that should happen at once may take on a busy machine.
const Patience = 20 * time.Second

// Options say how a server is started. The zero value is a server with a client, a WebSocket and a monitoring
// listener, compression allowed, nobody asked for a password.
type Options struct {
	// Config is added to the generated configuration file.
	Config string
	// WebSocket is added to the websocket block.
	WebSocket string
	// Secure puts TLS on the client and WebSocket listeners, with the certificate of [Certificate].
	Secure bool
	// TLS is added to both tls blocks of a secure server.
	TLS string
	// File replaces the generated configuration altogether.
	File string
	// NoFile starts the server without a configuration file.
	NoFile bool
	// Args are flags, added after -c.
	Args []string
	// Binary is another path of the target's binary, see [Named].
	Binary string
}

// Server is one running server process.
type Server struct {
	// Target is what kind of server it is.
	Target Target
	// Client, WebSocket and Monitor are host:port of the listeners, empty where there is none.
	Client, WebSocket, Monitor string
	// Dir is a folder of its own with the configuration file server.conf.
	Dir string

	options Options
	logFile string // empty if the log goes to stderr
	cmd     *exec.Cmd
	log     *Log
	exited  chan struct{}
	stopped bool
}

// Start starts a server and returns when it says that it is ready.
func Start(t testing.TB, target Target, options Options) *Server {
	t.Helper()
	s, err := Launch(t.TempDir(), target, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Finish(t) })
	return s
}

// StartQuiet is [Start] for a server that logs to a file.
func StartQuiet(t testing.TB, target Target, file string, options Options) *Server {
	t.Helper()
	s := &Server{Target: target, Dir: t.TempDir(), options: options, logFile: file}
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Finish(t) })
	return s
}

// Launch is [Start] for those who are not a test. The caller stops the server.
func Launch(dir string, target Target, options Options) (*Server, error) {
	s := &Server{Target: target, Dir: dir, options: options}
	return s, s.run()
}

// run starts the process, on the ports it had before if it had any.
func (s *Server) run() error {
	binary, err := s.Target.Binary()
	if err != nil {
		return err
	}
	var args []string
	if !s.options.NoFile {
		file := filepath.Join(s.Dir, "server.conf")
		if err := os.WriteFile(file, []byte(s.config()), 0o600); err != nil {
			return err
		}
		args = append(args, "-c", file)
	}
	if s.options.Binary != "" {
		binary = s.options.Binary
	}
	s.cmd = exec.Command(binary, append(args, s.options.Args...)...)
	s.cmd.Dir = s.Dir
	s.cmd.Env = environment()
	Tie(s.cmd)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.log, s.exited, s.stopped = newLog(), make(chan struct{}), false
	go func() {
		s.log.fill(stderr)
		_ = s.cmd.Wait() // the exit code is read from ProcessState
		close(s.exited)
	}()
	if err := s.ready(); err != nil {
		s.Kill()
		return fmt.Errorf("%s did not become ready: %w", s.Target, err)
	}
	s.Client = s.listener(`Listening for client connections on (\S+)`)
	s.WebSocket = s.listener(`Listening for websocket clients on wss?://(\S+)`)
	s.Monitor = s.listener(`Starting https? monitor on (\S+)`)
	return nil
}

// ready waits until the server says that it is.
func (s *Server) ready() error {
	if s.logFile == "" {
		_, err := s.log.Wait(`Server is ready`, Patience)
		return err
	}
	var text []byte
	Await(Patience, func() bool {
		select {
		case <-s.exited:
			return true
		default:
		}
		text, _ = os.ReadFile(s.logFile) // it comes to be while we look
		return strings.Contains(string(text), "Server is ready")
	})
	if !strings.Contains(string(text), "Server is ready") {
		return fmt.Errorf("its log file has %q", text)
	}
	return nil
}

// listener returns the address in a log line, as one that can be dialled.
func (s *Server) listener(line string) string {
	found := regexp.MustCompile(line).FindStringSubmatch(s.log.String())
	if found == nil {
		return ""
	}
	host, port, err := net.SplitHostPort(found[1])
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// config renders the configuration file, with port -1 until the kernel has chosen.
func (s *Server) config() string {
	if s.options.File != "" {
		return s.options.File
	}
	var b strings.Builder
	fmt.Fprintf(&b, "host: 127.0.0.1\nport: %d\nhttp: \"127.0.0.1:%d\"\n", port(s.Client), port(s.Monitor))
	secure, edge := "", "no_tls: true"
	if s.options.Secure {
		cert, key := Certificate()
		secure = fmt.Sprintf("tls { cert_file: %q, key_file: %q, timeout: 5, %s }", cert, key, s.options.TLS)
		edge = secure
	}
	fmt.Fprintf(&b, "%s\nwebsocket {\n  host: 127.0.0.1\n  port: %d\n  %s\n  compression: true\n  %s\n}\n%s\n",
		secure, port(s.WebSocket), edge, s.options.WebSocket, s.options.Config)
	return b.String()
}

func port(address string) int {
	if _, text, err := net.SplitHostPort(address); err == nil {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	return -1
}

// Pid is the process id.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Log is what the server has written to stderr.
func (s *Server) Log() *Log { return s.log }

// Signal sends a signal to the process.
func (s *Server) Signal(sig syscall.Signal) error { return s.cmd.Process.Signal(sig) }

// Exit waits for the end of the process and returns its exit code, -1 if a signal ended it.
func (s *Server) Exit(patience time.Duration) (int, error) {
	select {
	case <-s.exited:
		return s.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		return 0, fmt.Errorf("%s (pid %d) still runs after %v", s.Target, s.Pid(), patience)
	}
}

// Stop ends the server as an operator would, with SIGTERM, and waits for its end.
func (s *Server) Stop() error {
	if s.stopped {
		return nil
	}
	s.stopped = true
	_ = s.Signal(syscall.SIGTERM) // it may be gone already
	if _, err := s.Exit(Patience); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// Kill ends the server with SIGKILL and waits for its end.
func (s *Server) Kill() {
	s.stopped = true
	_ = s.Signal(syscall.SIGKILL) // it may be gone already
	<-s.exited
}

// Restart starts the server again on the ports it had. It must have been stopped. The ports are of those that the kernel
// gives to outgoing connections, too: one that was given away meanwhile is waited for.
func (s *Server) Restart() (err error) {
	Await(Patience, func() bool {
		err = s.run()
		return err == nil || !strings.Contains(err.Error(), "address already in use")
	})
	return err
}

// Finish stops the server and looks for what no server should have written.
func (s *Server) Finish(t testing.TB) {
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	for _, sign := range []string{"panic:", "DATA RACE", "fatal error:"} {
		if text := s.log.String(); strings.Contains(text, sign) {
			t.Errorf("%s wrote %q:\n%s", s.Target, sign, text)
			return
		}
	}
	if t.Failed() {
		t.Logf("%s wrote:\n%s", s.Target, s.log)
	}
}
