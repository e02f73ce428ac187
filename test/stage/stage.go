package stage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"weir/test/process"
)

// Stage is the HTTP server. URL is where it listens, on loopback.
type Stage struct {
	URL string

	t      testing.TB
	target process.Target

	mu      sync.Mutex
	servers []*process.Server
}

// Handle is what JavaScript knows of a server.
type Handle struct {
	ID        int    `json:"id"`
	Target    string `json:"target"`
	Client    string `json:"client"`
	WebSocket string `json:"websocket"`
	Monitor   string `json:"monitor"`
	// CA is the path of the certificate that signed the server's.
	CA string `json:"ca"`
}

// Open starts a stage for servers of one target. It is closed with the test.
func Open(t testing.TB, target process.Target) *Stage {
	t.Helper()
	root, err := process.Root()
	if err != nil {
		t.Fatal(err)
	}
	s := &Stage{t: t, target: target}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /servers", s.start)
	mux.HandleFunc("POST /servers/{id}/{action}", s.act)
	mux.Handle("GET /npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir(filepath.Join(root, "node_modules")))))
	mux.Handle("GET /js/", http.StripPrefix("/js/", http.FileServer(http.Dir(filepath.Join(root, "js")))))
	mux.HandleFunc("GET /bundle/{name...}", func(w http.ResponseWriter, r *http.Request) {
		text, err := bundle(filepath.Join(root, "node_modules"), r.PathValue("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(text)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!doctype html><title>stage</title><link rel="icon" href="data:,">`)
	})
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	s.URL = listener.URL
	return s
}

// start starts a server. It is called on a goroutine of the HTTP server, so it must not fail the test itself.
func (s *Stage) start(w http.ResponseWriter, r *http.Request) {
	var wish struct {
		Config    string   `json:"config"`
		WebSocket string   `json:"websocket"`
		Secure    bool     `json:"secure"`
		Args      []string `json:"args"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wish); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	server, err := process.Launch(s.t.TempDir(), s.target, process.Options{
		Config: wish.Config, WebSocket: wish.WebSocket, Secure: wish.Secure, Args: wish.Args})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.t.Cleanup(func() { server.Finish(s.t) })
	s.mu.Lock()
	s.servers = append(s.servers, server)
	id := len(s.servers) - 1
	s.mu.Unlock()
	answer(w, id, server)
}

func answer(w http.ResponseWriter, id int, server *process.Server) {
	ca, _ := process.Certificate()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Handle{ID: id, Target: string(server.Target), Client: server.Client,
		WebSocket: server.WebSocket, Monitor: server.Monitor, CA: ca})
}

func (s *Stage) act(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	s.mu.Lock()
	known := err == nil && id >= 0 && id < len(s.servers)
	var server *process.Server
	if known {
		server = s.servers[id]
	}
	s.mu.Unlock()
	if !known {
		http.NotFound(w, r)
		return
	}
	switch r.PathValue("action") {
	case "stop":
		err = server.Stop()
	case "kill":
		server.Kill()
	case "restart":
		if err = server.Stop(); err == nil {
			err = server.Restart()
		}
	case "lame-duck":
		err = server.Signal(syscall.SIGUSR2)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, id, server)
}
