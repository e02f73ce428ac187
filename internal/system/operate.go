package system

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/pprof"
	"time"

	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/service"
)

// Errors of commands, worded as nats-server's.
var (
	errNoConn   = errors.New("no such client or leafnode id")
	errNoClient = errors.New("no such client id")
)

// connection is the body of a command about one connection.
type connection struct {
	filter
	CID uint64 `json:"cid"`
}

// listenToCommands subscribes to what changes something in this server.
func (s *System) listenToCommands(at *listening) {
	at.own("RELOAD", func(m *service.Message) {
		s.answer(m, new(filter), func() (any, error) { return nil, s.env.Reload() })
	})
	at.own("KICK", func(m *service.Message) {
		o := new(connection)
		s.answer(m, o, func() (any, error) { return nil, s.kick(o.CID) })
	})
	at.own("LDM", func(m *service.Message) {
		o := new(connection)
		s.answer(m, o, func() (any, error) { return nil, s.sendAway(o.CID) })
	})
}

// kick closes a connection.
func (s *System) kick(id uint64) error {
	c := s.env.Registry.Find(id)
	if c == nil {
		return errNoConn
	}
	c.Close(conn.Kicked, "")
	return nil
}

// sendAway asks a client to go to another server.
func (s *System) sendAway(id uint64) error {
	if c := s.env.Registry.Find(id); c != nil {
		if v, ok := c.Visitor().(*client.Client); ok {
			return v.SendAway()
		}
	}
	return errNoClient
}

// profileOptions ask for a profile of the process.
type profileOptions struct {
	filter
	Profile  string        `json:"name"`
	Debug    int           `json:"debug"`
	Duration time.Duration `json:"duration"` // of the one called cpu, in nanoseconds
}

// profiled is the answer: a profile, or what is wrong.
type profiled struct {
	Profile []byte `json:"profile"`
	Error   string `json:"error"`
}

// maxProfile bounds the profile of the CPU.
const maxProfile = 15 * time.Second

// answerProfile answers with a profile. That of the CPU takes its time, of which nobody else loses any: there is one at a time.
func (s *System) answerProfile(m *service.Message) {
	o := new(profileOptions)
	var text bytes.Buffer
	s.answer(m, o, func() (any, error) {
		if o.Profile == "cpu" && 0 < o.Duration && o.Duration <= maxProfile {
			if err := pprof.StartCPUProfile(&text); err != nil {
				return profiled{Error: fmt.Sprintf("Failed to start CPU profile: %s", err)}, nil
			}
			go s.profileCPU(m, &text, o.Duration)
			return nil, errSilent
		}
		if err := writeProfile(&text, o); err != nil {
			return profiled{Error: err.Error()}, nil
		}
		return profiled{Profile: text.Bytes()}, nil
	})
}

// profileCPU answers when the profile that was started is complete.
func (s *System) profileCPU(m *service.Message, text *bytes.Buffer, d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.stop:
	}
	pprof.StopCPUProfile()
	m.Body = nil // it has been read
	s.answer(m, new(filter), func() (any, error) { return profiled{Profile: text.Bytes()}, nil })
}

// writeProfile writes one of the runtime's profiles.
func writeProfile(text *bytes.Buffer, o *profileOptions) error {
	switch o.Profile {
	case "":
		return errors.New("Profile name not specified") //nolint:staticcheck // its text is shown as it is
	case "cpu":
		return fmt.Errorf("Duration %s should be between 0s and 15s", o.Duration) //nolint:staticcheck // likewise
	}
	p := pprof.Lookup(o.Profile)
	if p == nil {
		return fmt.Errorf("Profile %q not found", o.Profile) //nolint:staticcheck // likewise
	}
	if err := p.WriteTo(text, o.Debug); err != nil {
		return fmt.Errorf("Profile %q error: %w", o.Profile, err) //nolint:staticcheck // likewise
	}
	return nil
}
