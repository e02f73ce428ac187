package rival

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"weir/bench/load"
)

// config is what the servers are started with: every limit at its default, every port chosen by the kernel. websocket is
// one block or, for a server that knows such a thing, a list of them.
const config = `
host: 127.0.0.1
port: -1
websocket: %s
`

const (
	PlainBlock  = "{ host: 127.0.0.1, port: -1, no_tls: true, compression: true }"
	SecureBlock = `{ host: 127.0.0.1, port: -1, compression: true, tls { cert_file: "certificate.pem", key_file: "key.pem" } }`
	BothBlocks  = "[" + PlainBlock + ", " + SecureBlock + "]" // Weir knows lists
)

// BlockFor gives the websocket block for the clients of a workload.
func BlockFor(via load.Transport) string {
	if via == load.WSS {
		return SecureBlock
	}
	return PlainBlock
}

// startTimeout is how long a server may take until it listens, stopTimeout how long until it is gone after SIGTERM: the stock
// one takes more than 15 s to forget a million subscriptions.
const (
	startTimeout = 15 * time.Second
	stopTimeout  = 2 * time.Minute
)

// Process is one running server.
type Process struct {
	cmd    *exec.Cmd
	exited chan error
	log    tail
	Ports  load.Ports
}

var (
	listensForClients   = regexp.MustCompile(`Listening for client connections on .*:(\d+)$`)
	listensForWebSocket = regexp.MustCompile(`Listening for websocket clients on (wss?)://.*:(\d+)(?: \(.*\))?$`)
)

// Start runs a server in folder, with the websocket block or blocks, and returns once it accepts connections.
func Start(b Server, websocket, folder string) (*Process, error) {
	file := filepath.Join(folder, b.Name+".conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, websocket), 0o600); err != nil {
		return nil, err
	}
	if strings.Contains(websocket, SecureBlock) {
		if err := writeCertificate(folder); err != nil {
			return nil, err
		}
	}
	p := &Process{cmd: exec.Command(b.Path, b.args(file)...), exited: make(chan error, 1), Ports: load.Ports{}}
	p.cmd.Dir = folder
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder} // no GOGC, GOMAXPROCS or GODEBUG of ours
	// The server goes with us. The signal is bound to a thread, so no goroutine may end locked to one.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go p.follow(stderr, ready)
	select {
	case <-ready:
		return p, nil
	case <-time.After(startTimeout):
		_ = p.cmd.Process.Kill()
		return nil, fmt.Errorf("%s does not listen after %v: %s", b.Path, startTimeout, p.log.String())
	case err := <-p.exited:
		return nil, fmt.Errorf("%s ended while starting (%v): %s", b.Path, err, p.log.String())
	}
}

// follow reads the log until the process ends. It owns Ports until it closes ready.
func (p *Process) follow(stderr io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(stderr)
	up := false
	for lines.Scan() {
		line := lines.Text()
		p.log.add(line)
		if !up {
			p.note(line)
		}
		if !up && len(p.Ports) > 1 && strings.Contains(line, "Server is ready") {
			up = true
			close(ready)
		}
	}
	_, _ = io.Copy(io.Discard, stderr)
	p.exited <- p.cmd.Wait()
}

// note learns a port from a line of the log.
func (p *Process) note(line string) {
	if m := listensForClients.FindStringSubmatch(line); m != nil {
		p.Ports[load.TCP], _ = strconv.Atoi(m[1])
	}
	if m := listensForWebSocket.FindStringSubmatch(line); m != nil {
		port, _ := strconv.Atoi(m[2])
		if m[1] == "wss" {
			p.Ports[load.WSS] = port
		} else {
			p.Ports[load.WS], p.Ports[load.Deflate] = port, port
		}
	}
}

// Stop ends the process, by force when it does not go by itself.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("the server ended early: %w: %s", err, p.log.String())
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("the server was still there %v after SIGTERM: %s", stopTimeout, p.log.String())
	}
}

// CPU is the CPU time that all threads of the process have used, ended ones included.
func (p *Process) CPU() (time.Duration, error) {
	const schedulerClock = 2                                 // CPUCLOCK_SCHED of <linux/posix-timers.h>: nanoseconds, user and system
	clock := uintptr(^p.cmd.Process.Pid<<3 | schedulerClock) // as clock_getcpuclockid(3) does it
	var now syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		return 0, fmt.Errorf("CPU clock of the server: %w: %s", errno, p.log.String())
	}
	return time.Duration(now.Nano()), nil
}

// Memory is the resident set size in bytes. Pages of the program's file count wholly: of the proportional set size each process
// with the same file has a share only, so that a server would grow when another one ends.
func (p *Process) Memory() (int64, error) {
	return rss(fmt.Sprintf("/proc/%d/smaps_rollup", p.cmd.Process.Pid))
}

func rss(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Rss:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no Rss", file)
}

// Files is how many file descriptors the process has open.
func (p *Process) Files() (int, error) {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return len(open), err
}

// tail keeps the last lines of a log.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines = append(t.lines, line); len(t.lines) > 20 {
		t.lines = t.lines[1:]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return "\n" + strings.Join(t.lines, "\n")
}
