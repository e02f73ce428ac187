package system

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/account"
	"weir/internal/conn"
	"weir/internal/monitor"
	"weir/internal/service"
)

// Env is what the room needs of the server. Its functions may be called from any goroutine and answer for this moment.
type Env struct {
	// Name is that of the system account; without one, nothing is said or answered.
	Name     string
	Accounts *account.Directory
	Registry *conn.Registry
	Pages    *monitor.Pages
	Identity func() Identity
	// Reload reads the configuration again and applies it.
	Reload func() error
	// Claims are what operator mode offers; the zero value is another mode.
	Claims Claims
	Log    *slog.Logger
}

// Identity says which server this is.
type Identity struct {
	ID, Name, Host, Version string
	Tags                    []string // lower case
	Metadata                map[string]string
}

// System is what the server says and answers.
type System struct {
	// Immutable after Start.
	env      Env
	account  *account.Account
	operator *service.Service
	tenants  *service.Service
	start    time.Time

	seq     atomic.Uint64 // of what it said, from 1
	silent  atomic.Bool   // it was stopped, or not started
	stop    chan struct{}
	running sync.WaitGroup

	mu      sync.Mutex // guards all below
	changed map[*account.Account]struct{}
	telling bool // somebody takes what changed
}

// New makes a System that does nothing until it is started.
func New(env Env) *System {
	s := &System{env: env, start: time.Now(), stop: make(chan struct{}), changed: make(map[*account.Account]struct{})}
	s.operator, s.tenants = service.New(0, env.Log), service.New(0, env.Log)
	s.silent.Store(true)
	return s
}

// Start begins to answer. It does nothing if there is no system account.
func (s *System) Start() error {
	s.account = s.env.Accounts.Lookup(s.env.Name)
	if s.env.Name == "" || s.account == nil {
		return nil
	}
	if err := s.listen(); err != nil {
		return err
	}
	s.silent.Store(false)
	s.running.Go(s.heartbeat)
	return nil
}

// Stop tells that the server shuts down, and then is silent. It may be called twice, and of a System that was not started.
func (s *System) Stop() {
	if s.silent.Load() {
		return
	}
	s.announce(s.own("SHUTDOWN"), func() any { return s.stamp() })
	if s.silent.Swap(true) {
		return
	}
	close(s.stop)
	s.operator.Close()
	s.tenants.Close()
	s.running.Wait()
}

// LameDuck tells that the server will shut down.
func (s *System) LameDuck() {
	s.announce(s.own("LAMEDUCK"), func() any { return s.stamp() })
}

// Dropped is how many requests came while too many waited.
func (s *System) Dropped() int64 { return s.operator.Dropped() + s.tenants.Dropped() }

// own is a subject of what the server says of itself.
func (s *System) own(what string) string { return "$SYS.SERVER." + s.env.Identity().ID + "." + what }

// serverInfo is what all that is said begins with. JetStream and its flags are not built.
type serverInfo struct {
	Name      string            `json:"name"`
	Host      string            `json:"host"`
	ID        string            `json:"id"`
	Version   string            `json:"ver"`
	Tags      []string          `json:"tags,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	JetStream bool              `json:"jetstream"`
	Flags     uint64            `json:"flags"`
	Seq       uint64            `json:"seq"`
	Time      time.Time         `json:"time"`
}

// stamp numbers what is said next.
func (s *System) stamp() serverInfo {
	i := s.env.Identity()
	return serverInfo{
		Name: i.Name, Host: i.Host, ID: i.ID, Version: i.Version, Tags: i.Tags, Metadata: i.Metadata,
		Seq: s.seq.Add(1), Time: time.Now().UTC(),
	}
}
