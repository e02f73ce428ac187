package system

import (
	"encoding/json"
	"errors"
	"net/http"

	"weir/internal/monitor"
	"weir/internal/service"
)

// errSilent leaves a request without an answer.
var errSilent = errors.New("filtered response")

// response is the answer to most requests.
type response struct {
	Server serverInfo `json:"server"`
	Data   any        `json:"data,omitempty"`
	Error  *failure   `json:"error,omitempty"`
}

type failure struct {
	Code        int    `json:"code"`
	Description string `json:"description,omitempty"`
}

// null is the data of an answer that should have some.
var null = json.RawMessage("null")

// pages are the requests that a page answers, and what their bodies may hold.
var pages = map[string]struct {
	page    string
	options func() options
}{
	"CONNZ":     {"/connz", func() options { return new(connOptions) }},
	"SUBSZ":     {"/subsz", func() options { return new(subsOptions) }},
	"ROUTEZ":    {"/routez", func() options { return new(routeOptions) }},
	"GATEWAYZ":  {"/gatewayz", func() options { return new(gatewayOptions) }},
	"LEAFZ":     {"/leafz", func() options { return new(leafOptions) }},
	"ACCOUNTZ":  {"/accountz", func() options { return new(accountOptions) }},
	"JSZ":       {"/jsz", func() options { return new(jetStreamOptions) }},
	"VARZ":      {"/varz", func() options { return new(filter) }},
	"EXPVARZ":   {"/debug/vars", func() options { return new(filter) }},
	"IPQUEUESZ": {"/ipqueuesz", func() options { return new(queueOptions) }},
}

// listen subscribes to all that is answered.
func (s *System) listen() error {
	at := listening{s: s}
	for name, p := range pages {
		at.server(name, func(m *service.Message) {
			o := p.options()
			s.answer(m, o, func() (any, error) { return s.page(p.page, o) })
		})
	}
	at.server("HEALTHZ", func(m *service.Message) {
		o := new(healthOptions)
		s.answer(m, o, func() (any, error) { return s.env.Pages.HealthOf(parameters(o)), nil })
	})
	at.server("RAFTZ", func(m *service.Message) {
		s.answer(m, new(filter), func() (any, error) { return struct{}{}, nil })
	})
	at.server("STATSZ", s.answerStats)
	at.operator("$SYS.REQ.SERVER.PING", s.answerStats)
	at.server("IDZ", s.answerID)
	at.server("PROFILEZ", s.answerProfile)
	s.listenToCommands(&at)
	s.listenToTenants(&at)
	s.listenToClaims(&at)
	return at.err
}

// listening subscribes, until the first error.
type listening struct {
	s   *System
	err error
}

func (l *listening) operator(subject string, h service.Handler) { l.on(l.s.operator, subject, h) }

func (l *listening) tenants(subject string, h service.Handler) { l.on(l.s.tenants, subject, h) }

func (l *listening) on(by *service.Service, subject string, h service.Handler) {
	if l.err == nil {
		l.err = by.Handle(l.s.account, subject, h)
	}
}

// server listens to a request to this server, and to all servers.
func (l *listening) server(name string, h service.Handler) {
	l.own(name, h)
	l.operator("$SYS.REQ.SERVER.PING."+name, h)
}

// own listens to a request to this server.
func (l *listening) own(name string, h service.Handler) {
	l.operator("$SYS.REQ.SERVER."+l.s.env.Identity().ID+"."+name, h)
}

// page is what a page says.
func (s *System) page(name string, o options) (any, error) {
	if c, ok := o.(*connOptions); ok && c.Subject != "" && c.Account == "" {
		return null, errAccountNeeded
	}
	v, err := s.env.Pages.Answer(name, parameters(o))
	if errors.Is(err, monitor.ErrNotLeader) {
		return nil, errSilent
	}
	if err != nil {
		return null, err
	}
	return v, nil
}

// errAccountNeeded is nats-server's. The page itself looks in all accounts.
var errAccountNeeded = errors.New("filter by subject only valid with account filtering")

// answer reads the body of a request into o and answers with what data gives, unless the request is for other servers. With
// an error of data goes what it gave beside.
func (s *System) answer(m *service.Message, o options, data func() (any, error)) {
	if m.Reply == "" {
		return
	}
	var r response
	if ok, err := s.read(m, o); err != nil {
		r.Error = &failure{http.StatusBadRequest, err.Error()}
	} else if !ok {
		return
	} else if r.Data, err = data(); errors.Is(err, errSilent) {
		return
	} else if err != nil {
		r.Error = &failure{http.StatusInternalServerError, err.Error()}
	}
	r.Server = s.stamp()
	body, err := json.Marshal(&r)
	if err != nil {
		s.env.Log.Error("Error marshaling response to " + m.Subject + ": " + err.Error())
		return
	}
	if r.Error == nil {
		m.Respond(encoded(m.Header, body))
		return
	}
	m.Respond(body, 0)
}

// read reads the body of a request, if it has one, and reports whether the request is for this server.
func (s *System) read(m *service.Message, o options) (ok bool, err error) {
	if len(m.Body) == 0 {
		return true, nil
	}
	if err := json.Unmarshal(m.Body, o); err != nil {
		return false, err
	}
	return o.filtered().admits(s.env.Identity()), nil
}

// answerStats answers with STATSZ, which is told to all if nobody in particular asks.
func (s *System) answerStats(m *service.Message) {
	o := new(filter)
	ok, err := s.read(m, o)
	switch {
	case err != nil:
		s.respond(m, response{Server: s.stamp(), Error: &failure{http.StatusBadRequest, err.Error()}})
	case !ok:
	case m.Reply == "":
		s.broadcastStats()
	default:
		s.respond(m, s.stats())
	}
}

// answerID answers whatever is in the request.
func (s *System) answerID(m *service.Message) {
	i := s.env.Identity()
	s.respond(m, struct {
		Name string `json:"name"`
		Host string `json:"host"`
		ID   string `json:"id"`
	}{i.Name, i.Host, i.ID})
}

// respond answers with v as it is.
func (s *System) respond(m *service.Message, v any) {
	if m.Reply == "" {
		return
	}
	if body, err := json.Marshal(v); err == nil {
		m.Respond(body, 0)
	}
}
