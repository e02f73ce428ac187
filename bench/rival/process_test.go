package rival

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// waiting is what the test program is started with to be one more process of it, which says so and waits for the end of its input.
const waiting = "waiting"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == waiting {
		fmt.Print(waiting)
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}

// myself is this test as a process under test.
func myself(t *testing.T) *Process {
	t.Helper()
	me, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return &Process{cmd: &exec.Cmd{Process: me}}
}

func TestCPUIsWhatTheProcessUsed(t *testing.T) {
	p := myself(t)
	before, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	const busy = 50 * time.Millisecond
	spins := 0
	for end := time.Now().Add(busy); time.Now().Before(end); {
		spins++
	}
	after, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	if used := after - before; used <= 0 || spins == 0 {
		t.Errorf("%v of CPU after %v of work", used, busy)
	}
}

func TestMemoryGrowsWithThePagesInUse(t *testing.T) {
	p := myself(t)
	debug.FreeOSMemory() // or the pages of an earlier run serve again
	before, err := p.Memory()
	if err != nil {
		t.Fatal(err)
	}
	pages := make([]byte, 64<<20)
	for i := 0; i < len(pages); i += 4096 {
		pages[i] = 1
	}
	after, err := p.Memory()
	if err != nil {
		t.Fatal(err)
	}
	if grown := after - before; grown < int64(len(pages))/2 {
		t.Errorf("%d more bytes after %d were written", grown, len(pages))
	}
	if pages[4096] != 1 {
		t.Error("the pages are gone")
	}
}

// A server does not grow when another process of the same program ends.
func TestMemoryDoesNotDependOnOthers(t *testing.T) {
	p := myself(t)
	other := exec.Command(os.Args[0], waiting)
	hold, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	told, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(told, make([]byte, len(waiting))); err != nil {
		t.Error(err)
	}
	together, err := p.Memory()
	if err != nil {
		t.Error(err)
	}
	hold.Close()
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
	alone, err := p.Memory()
	if err != nil {
		t.Fatal(err)
	}
	if grown := alone - together; grown > 512<<10 {
		t.Errorf("%d KiB more when the other one ended", grown>>10)
	}
}

func TestStartTellsWhyAServerDoesNotStart(t *testing.T) {
	_, err := Start(Server{Name: "ls", Path: "/bin/ls"}, PlainBlock, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "ended while starting") {
		t.Errorf("a program that is no server: %v", err)
	}
}
