package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
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
	// Accounts is all accounts, in any order.
	Accounts func() []*account.Account
	// Claims describes accounts in operator mode; nil without.
	Claims *claims.Authority
	// System is the name of the system account; empty if there is none.
	System string
	// Healthy is nil while clients can connect; otherwise /healthz shows its text.
	Healthy func() error
	Log     *slog.Logger
}

// Pages are all pages of a server. They are shown by [Pages.At], and what they say can be had by [Pages.Answer].
type Pages struct {
	Source
	answers map[string]answer
	pages   map[string]*page
	home    atomic.Uint64 // requests of the index
	cpu     cpuMeter
}

// answer is what a page says, to be shown as JSON. An error is that of who asks.
type answer func(*query) (any, error)

// New makes the pages of s.
func New(s Source) *Pages {
	m := &Pages{Source: s}
	m.cpu.start()
	m.answers = map[string]answer{
		"/varz":      func(*query) (any, error) { return m.Varz(), nil },
		"/connz":     m.connz,
		"/subsz":     m.subsz,
		"/accountz":  m.accountz,
		"/accstatz":  m.accstatz,
		"/routez":    m.routez,
		"/gatewayz":  m.gatewayz,
		"/leafz":     m.leafz,
		"/jsz":       m.jsz,
		"/ipqueuesz": m.ipqueuesz,
		debugVars:    variables,
	}
	m.pages = map[string]*page{
		"/healthz": {serve: m.healthz},
		"/raftz":   {serve: raftz},
		"/stacksz": {serve: stacksz},
	}
	for name, a := range m.answers {
		m.pages[name] = &page{serve: m.json(a)}
	}
	m.pages["/subscriptionsz"] = m.pages["/subsz"]
	return m
}

// ErrNoPage says that no page has the name.
var ErrNoPage = errors.New("no such page")

// Answer is what the page of that name, such as /connz, says to the parameters, to be shown as JSON. The error is that of who
// asks, but for [ErrNoPage].
func (m *Pages) Answer(name string, parameters url.Values) (any, error) {
	a := m.answers[name]
	if a == nil {
		return nil, ErrNoPage
	}
	return a(&query{values: parameters})
}

// page is one path.
type page struct {
	serve    http.HandlerFunc
	requests atomic.Uint64
}

// At shows the pages below a path, such as "/nats"; empty and "/" mean that nothing stands before their names.
func (m *Pages) At(base string) http.Handler {
	// The index is at the path itself: "/" alone, but "/nats" and not "/nats/", as in nats-server.
	s := &site{Pages: m, base: path.Join("/", base)}
	if s.base == "/" {
		s.base, s.index = "", "/"
	}
	return s
}

// site is the pages below one path.
type site struct {
	*Pages
	base  string // of all paths; empty, or "/nats"
	index string // path of the index, behind base
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, s.base)
	p := s.pages[name]
	switch {
	case ok && name == s.index:
		s.home.Add(1)
		s.showIndex(w)
	case ok && p != nil:
		p.requests.Add(1)
		p.serve(w, r)
	default:
		http.NotFound(w, r)
	}
}

// requests is how often each page was asked for, without those that never were. The index is counted as "/".
func (m *Pages) requests() map[string]uint64 {
	all := make(map[string]uint64)
	for name, p := range m.pages {
		if n := p.requests.Load(); n > 0 && name != "/subscriptionsz" { // the same page as /subsz
			all[name] = n
		}
	}
	if n := m.home.Load(); n > 0 {
		all["/"] = n
	}
	return all
}

// json makes a page of an answer. An error is the client's: 400 and its text.
func (m *Pages) json(a answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := a(&query{values: r.URL.Query()})
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
