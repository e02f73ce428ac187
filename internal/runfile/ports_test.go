package runfile_test

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/internal/runfile"
)

func TestPortURLs(t *testing.T) {
	tests := []struct {
		ip   string
		want string
	}{
		{"127.0.0.1", "nats://127.0.0.1:4222"},
		{"::1", "nats://[::1]:4222"},
	}
	for _, tt := range tests {
		got := runfile.URLs("nats", &net.TCPAddr{IP: net.ParseIP(tt.ip), Port: 4222})
		if len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: got %q, want %q", tt.ip, got, tt.want)
		}
	}
	for _, ip := range []net.IP{net.IPv4zero, net.IPv6unspecified, nil} {
		got := runfile.URLs("ws", &net.TCPAddr{IP: ip, Port: 8080})
		if !slices.Contains(got, "ws://127.0.0.1:8080") || slices.ContainsFunc(got, func(u string) bool { return strings.Contains(u, "0.0.0.0") }) {
			t.Errorf("%v: got %q, want the addresses of the interfaces", ip, got)
		}
	}
	if got := runfile.URLs("nats", &net.UnixAddr{Name: "x"}); got != nil {
		t.Errorf("not TCP: got %q", got)
	}
}

func TestPortsFile(t *testing.T) {
	dir := t.TempDir()
	want := runfile.Ports{Nats: []string{"nats://127.0.0.1:4222"}, WebSocket: []string{"ws://127.0.0.1:8080"}}
	path, err := runfile.WritePorts(dir, want)
	if err != nil {
		t.Fatal(err)
	}
	if name := filepath.Base(os.Args[0]) + "_" + strconv.Itoa(os.Getpid()) + ".ports"; path != filepath.Join(dir, name) {
		t.Errorf("path %q, want the name %q", path, name)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"nats":["nats://127.0.0.1:4222"],"websocket":["ws://127.0.0.1:8080"]}`; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	var got runfile.Ports
	if err := json.Unmarshal(b, &got); err != nil || !slices.Equal(got.WebSocket, want.WebSocket) {
		t.Errorf("got %+v, %v", got, err)
	}

	// Written again, as after a reload, and nothing else is left in the folder.
	if _, err := runfile.WritePorts(dir, runfile.Ports{}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v, %v", entries, err)
	}
	for range 2 { // the second time it is gone
		if err := runfile.RemovePorts(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func TestPortsFileInAFolderThatDoesNotExist(t *testing.T) {
	if _, err := runfile.WritePorts(filepath.Join(t.TempDir(), "none"), runfile.Ports{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
