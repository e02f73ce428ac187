package websocket

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/test/process"
	"weir/test/wire"
)

// TestLameDuck: SIGUSR2 tells clients to go elsewhere, and lets nobody in.
//
// parity: 9.3.77
func TestLameDuck(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		s := dial(t, server)
		s.send(data("CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n"))
		s.want("PONG")
		if line := s.line(); !strings.Contains(line, `"connect_info":true`) {
			t.Fatal(line)
		}
		if err := server.Signal(syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		line := s.line()
		if line == "PING" {
			line = s.line()
		}
		if !strings.HasPrefix(line, "INFO {") || !strings.Contains(line, `"ldm":true`) {
			t.Error(line)
		}
		s.alive() // for as long as the grace period lasts
		if _, err := wire.Dial(server.WebSocket, time.Second); err == nil {
			t.Error("a lame duck takes new clients")
		}
		server.Kill()
	})
}

// TestVarz holds the websocket object of /varz against the configuration.
func TestVarz(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		keys := a.server("server", "127.0.0.1")
		server := process.Start(t, target, process.Options{WebSocket: block(keys, "verify: true") + `
  advertise: "edge.test:443"
  handshake_timeout: "3s"
  same_origin: true
  allowed_origins: ["https://a.test", "https://b.test"]
  authorization { timeout: 4 }`})
		_, port, _ := net.SplitHostPort(server.WebSocket)
		var answer struct {
			WebSocket map[string]any `json:"websocket"`
		}
		server.Page(t, "/varz", &answer)
		got := answer.WebSocket
		ends, _ := got["tls_cert_not_after"].(string)
		// parity: 9.3.76
		t.Run("end of the certificate", func(t *testing.T) {
			if at, err := time.Parse(time.RFC3339, ends); err != nil || time.Until(at) < 23*time.Hour || time.Until(at) > 24*time.Hour {
				t.Errorf("%q, %v", ends, err)
			}
		})
		// parity: 9.3.75
		t.Run("all else", func(t *testing.T) {
			want := map[string]any{
				"host": "127.0.0.1", "port": port, "advertise": "edge.test:443", "handshake_timeout": "3000000000", "auth_timeout": "4",
				"no_tls": "true", "same_origin": "true", "allowed_origins": "[https://a.test https://b.test]", "compression": "true",
				"tls_cert_not_after": ends,
			}
			shown := map[string]any{}
			for key, value := range got {
				if number, ok := value.(float64); ok {
					value = int64(number)
				}
				shown[key] = fmt.Sprint(value)
			}
			if !reflect.DeepEqual(shown, want) {
				text, _ := json.Marshal(got)
				t.Errorf("got  %s\nwant %v", text, want)
			}
		})
	})
}

// TestPorts: the ports file has the URLs of the WebSocket listener.
//
// parity: 9.3.84
func TestPorts(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a, dir := newAuthority(t), t.TempDir()
		for scheme, websocket := range map[string]string{"ws": "", "wss": block(a.server("server", "127.0.0.1"))} {
			server := process.Start(t, target, process.Options{WebSocket: websocket, Config: fmt.Sprintf("ports_file_dir: %q", dir)})
			var ports struct {
				WebSocket []string `json:"websocket"`
			}
			process.Await(process.Patience, func() bool { // nats-server writes it when it is ready already
				files, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("*_%d.ports", server.Pid())))
				if len(files) != 1 {
					return false
				}
				text, _ := os.ReadFile(files[0])
				return json.Unmarshal(text, &ports) == nil
			})
			if want := []string{scheme + "://" + server.WebSocket}; !reflect.DeepEqual(ports.WebSocket, want) {
				t.Errorf("got %v, want %v", ports.WebSocket, want)
			}
		}
	})
}
