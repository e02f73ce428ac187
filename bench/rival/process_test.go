package rival

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

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

func TestStartTellsWhyAServerDoesNotStart(t *testing.T) {
	_, err := Start(Server{Name: "ls", Path: "/bin/ls"}, PlainBlock, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "ended while starting") {
		t.Errorf("a program that is no server: %v", err)
	}
}
