//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// asProgram makes the test binary behave as the program itself.
const asProgram = "WEIR_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main() // does not return
	}
	os.Exit(m.Run())
}

// child starts the program as a process of its own and returns it with the lines of its log.
func child(t *testing.T, args ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(log)
}

// await reads the log until a line contains text, and returns that line.
func await(t *testing.T, log *bufio.Scanner, text string) string {
	t.Helper()
	var seen []string
	for log.Scan() {
		if strings.Contains(log.Text(), text) {
			return log.Text()
		}
		seen = append(seen, log.Text())
	}
	t.Fatalf("the log ended without %q:\n%s", text, strings.Join(seen, "\n"))
	return ""
}

// finish reads the rest of the log and returns the exit status.
func finish(cmd *exec.Cmd, log *bufio.Scanner) int {
	for log.Scan() {
	}
	cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

func TestProcessLife(t *testing.T) {
	dir := t.TempDir()
	conf := write(t, "weir.conf", "listen: \"127.0.0.1:-1\"\npid_file: \""+filepath.Join(dir, "weir.pid")+"\"\n")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd, log := child(t, "-c", conf, "--ports_file_dir", dir)
		await(t, log, "[INF] Listening for client connections on 127.0.0.1:")
		await(t, log, "[INF] Server is ready")

		// The process is found by its file, here under the name of the test.
		pids, err := findProcesses("no such name")
		if err != nil || !slices.Contains(pids, cmd.Process.Pid) || slices.Contains(pids, os.Getpid()) {
			t.Errorf("found %v, %v; want %d", pids, err, cmd.Process.Pid)
		}

		p := &program{name: ownName, stdout: io.Discard, stderr: io.Discard, find: findProcesses, send: sendSignal}
		if status := p.run([]string{"--signal", "reload=" + strconv.Itoa(cmd.Process.Pid)}); status != 0 {
			t.Errorf("--signal reload: status %d", status)
		}
		await(t, log, `[INF] Trapped "hangup" signal`)
		cmd.Process.Signal(sig)
		await(t, log, `[INF] Trapped "`+sig.String()+`" signal`)
		if status := finish(cmd, log); status != 0 {
			t.Errorf("%v: status %d", sig, status)
		}
		left, err := filepath.Glob(filepath.Join(dir, "*.ports"))
		if err != nil || len(left) != 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
	}
}

func TestPortInUse(t *testing.T) {
	first, log := child(t, "-a", "127.0.0.1", "-p", "-1")
	line := await(t, log, "Listening for client connections on ")
	port := line[strings.LastIndexByte(line, ':')+1:]
	await(t, log, "Server is ready")

	second, errs := child(t, "-a", "127.0.0.1", "-p", port)
	line = await(t, errs, "[FTL]")
	if !strings.Contains(line, port) || !strings.Contains(line, "address already in use") {
		t.Errorf("got %q", line)
	}
	if status := finish(second, errs); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	first.Process.Signal(syscall.SIGTERM)
	if status := finish(first, log); status != 0 {
		t.Errorf("first: status %d", status)
	}
}
