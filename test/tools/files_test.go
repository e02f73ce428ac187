package tools

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"weir/test/process"
)

// TestPortsFile: without it twelve hundred of the clients' own tests never start.
func TestPortsFile(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, byFlag := range []bool{true, false} {
			for _, secure := range []bool{true, false} {
				t.Run(fmt.Sprintf("flag %v secure %v", byFlag, secure), func(t *testing.T) {
					dir := t.TempDir()
					options := process.Options{Binary: process.Named(t, target, "nats-server"), Secure: secure}
					if byFlag {
						options.Args = []string{"--ports_file_dir", dir}
					} else {
						options.Config = fmt.Sprintf("ports_file_dir: %q", dir)
					}
					s := process.Start(t, target, options)
					file := filepath.Join(dir, fmt.Sprintf("nats-server_%d.ports", s.Pid()))
					checkPorts(t, file, s, secure)
					if err := s.Stop(); err != nil {
						t.Fatal(err)
					}
					if _, err := os.Stat(file); !os.IsNotExist(err) {
						t.Errorf("after the end: %v", err)
					}
				})
			}
		}
	})
}

func checkPorts(t *testing.T, file string, s *process.Server, secure bool) {
	t.Helper()
	var got map[string][]string
	var last error
	// nats-server writes the file after it has said that it is ready.
	if !process.Await(process.Patience, func() bool {
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &got)
		}
		last = err
		return err == nil
	}) {
		t.Fatal(last)
	}
	client, edge := "nats://", "ws://"
	if secure {
		client, edge = "tls://", "wss://"
	}
	want := map[string][]string{
		"nats": {client + s.Client}, "websocket": {edge + s.WebSocket}, "monitoring": {"http://" + s.Monitor},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ports are %v, want %v", got, want)
	}
}

// TestPortsFileName: under its own name a server writes its own name.
func TestPortsFileName(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		dir := t.TempDir()
		s := process.Start(t, target, process.Options{Args: []string{"--ports_file_dir", dir},
			Binary: process.Named(t, target, "someserver")})
		file := filepath.Join(dir, fmt.Sprintf("someserver_%d.ports", s.Pid()))
		if !process.Await(process.Patience, func() bool { _, err := os.Stat(file); return err == nil }) {
			t.Errorf("no %s", file)
		}
	})
}

func TestPidFile(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, flag := range []string{"-P", "--pid"} {
			file := filepath.Join(t.TempDir(), "server.pid")
			s := process.Start(t, target, process.Options{Args: []string{flag, file}})
			text, err := os.ReadFile(file)
			if err != nil || string(text) != fmt.Sprint(s.Pid()) {
				t.Errorf("%s: %q, %v, want %d", flag, text, err, s.Pid())
			}
		}
		file := filepath.Join(t.TempDir(), "server.pid")
		s := process.Start(t, target, process.Options{Config: fmt.Sprintf("pid_file: %q", file)})
		if text, err := os.ReadFile(file); err != nil || string(text) != fmt.Sprint(s.Pid()) {
			t.Errorf("pid_file: %q, %v, want %d", text, err, s.Pid())
		}
	})
}

// TestLogFile: the log goes to the file and nowhere else. The process is waited for by its ports file.
func TestLogFile(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, flag := range []string{"-l", "--log"} {
			dir := t.TempDir()
			file := filepath.Join(dir, "server.log")
			s := process.StartQuiet(t, target, file, process.Options{Args: []string{flag, file}})
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range []string{"Listening for client connections on ", "Server is ready", "Initiating Shutdown"} {
				if !strings.Contains(string(text), line) {
					t.Errorf("the log has no %q: %s", line, text)
				}
			}
			if stderr := s.Log().String(); stderr != "" {
				t.Errorf("stderr has %q", stderr)
			}
		}
	})
}
