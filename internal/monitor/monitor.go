package monitor

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync/atomic"

	"weir/internal/account"
	"weir/internal/claims"
	"weir/internal/conn"
)

// Source is what the pages are made of. Its functions may be called from any goroutine and answer for this moment.
type Source struct {
	// Base is what /varz says without a look at the rooms: who the server is, and how it is configured.
	Base     func() Varz
	Registry *conn.Registry
	// Accounts is all accounts, in any order. Traffic is counted for all of them together.
	Accounts func() []*account.Account
	// Claims describes accounts in operator mode; nil without.
	Claims *claims.Authority
	// Healthy is nil while clients can connect; otherwise /healthz shows its text.
	Healthy func() error
	// BasePath stands before every page, such as "/nats"; empty and "/" mean nothing does.
	BasePath string
	Log      *slog.Logger
}

// New makes the pages of s.
func New(s Source) http.Handler {
	m := &monitor{Source: s}
	if m.base = path.Join("/", s.BasePath); m.base == "/" {
		m.base = ""
	}
	m.cpu.start()
	m.pages = map[string]*page{
		"/varz":      {serve: m.json(m.varz)},
		"/connz":     {serve: m.json(m.connz)},
		"/subsz":     {serve: m.json(m.subsz)},
		"/healthz":   {serve: m.healthz},
		"/accountz":  {serve: m.json(m.accountz)},
		"/accstatz":  {serve: m.json(m.accstatz)},
		"/routez":    {serve: m.json(m.routez)},
		"/gatewayz":  {serve: m.json(m.gatewayz)},
		"/leafz":     {serve: m.json(m.leafz)},
		"/jsz":       {serve: m.json(m.jsz)},
		"/ipqueuesz": {serve: m.json(m.ipqueuesz)},
		"/raftz":     {serve: raftz},
		"/stacksz":   {serve: stacksz},
		debugVars:    {serve: m.json(variables)},
	}
	m.pages["/subscriptionsz"] = m.pages["/subsz"]
	// The index is at the base path itself: "/" alone, but "/nats" and not "/nats/", as in nats-server.
	m.index = "/"
	if m.base != "" {
		m.index = ""
	}
	m.pages[m.index] = &page{serve: m.showIndex}
	return m
}

// monitor is the handler. All but its counters is immutable.
type monitor struct {
	Source
	base  string // of all paths; empty, or "/nats"
	index string // path of the index, behind base
	pages map[string]*page
	cpu   cpuMeter
}

// page is one path.
type page struct {
	serve    http.HandlerFunc
	requests atomic.Uint64
}

func (m *monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, m.base); ok {
		if p := m.pages[name]; p != nil {
			p.requests.Add(1)
			p.serve(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

// requests is how often each page was asked for, without those that never were. The index is counted as "/".
func (m *monitor) requests() map[string]uint64 {
	all := make(map[string]uint64)
	for name, p := range m.pages {
		if n := p.requests.Load(); n > 0 && name != "/subscriptionsz" { // the same page as /subsz
			if name == m.index {
				name = "/"
			}
			all[name] = n
		}
	}
	return all
}

// json makes a page of an answer that is shown as JSON. An error is the client's: 400 and its text.
func (m *monitor) json(answer func(*query) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := &query{values: r.URL.Query()}
		v, err := answer(q)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		body, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			m.Log.Error(fmt.Sprintf("Error marshaling response to %s request: %v", r.URL.Path, err))
			refuse(w, http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError))
			return
		}
		respond(w, http.StatusOK, body)
	}
}

// respond sends a page. Pages of any origin may read it.
func respond(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the client is gone
}

// refuse sends an error. It may quote the request, so no browser is to guess what it is.
func refuse(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write([]byte(text)) //nolint:errcheck // the client is gone
}
