package account

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"time"
)

// Client is what services, and events, learn of a client. RTT is in nanoseconds.
type Client struct {
	Start      *time.Time    `json:"start,omitempty"`
	Host       string        `json:"host,omitempty"`
	ID         uint64        `json:"id,omitempty"`
	Account    string        `json:"acc,omitempty"`
	Service    string        `json:"svc,omitempty"`
	User       string        `json:"user,omitempty"`
	Name       string        `json:"name,omitempty"`
	Lang       string        `json:"lang,omitempty"`
	Version    string        `json:"ver,omitempty"`
	RTT        time.Duration `json:"rtt,omitempty"`
	Server     string        `json:"server,omitempty"`
	Cluster    string        `json:"cluster,omitempty"`
	Stop       *time.Time    `json:"stop,omitempty"`
	JWT        string        `json:"jwt,omitempty"`
	IssuerKey  string        `json:"issuer_key,omitempty"`
	NameTag    string        `json:"name_tag,omitempty"`
	Tags       []string      `json:"tags,omitempty"`
	Kind       string        `json:"kind,omitempty"`
	ClientType string        `json:"client_type,omitempty"`
	Nonce      string        `json:"nonce,omitempty"`
}

// latencyType names the event of a sample.
const latencyType = "io.nats.server.metric.v1.service_latency"

// measured is the JSON of one sample. Durations are in nanoseconds.
type measured struct {
	Type      string        `json:"type"`
	ID        string        `json:"id"`
	Time      time.Time     `json:"timestamp"`
	Status    int           `json:"status"`
	Error     string        `json:"description,omitempty"`
	Requestor *Client       `json:"requestor,omitempty"`
	Responder *Client       `json:"responder,omitempty"`
	Header    http.Header   `json:"header,omitempty"`
	Start     time.Time     `json:"start"`
	Service   time.Duration `json:"service"`
	System    time.Duration `json:"system"`
	Total     time.Duration `json:"total"`
}

// sample is one request that is measured.
type sample struct {
	to     string // subject of the result, in the service's account
	who    *Client
	header http.Header
	at     time.Time
}

// sample decides whether a request is measured; nil if it is not.
func (i *serviceImport) sample(by *Publisher, d *delivery) *sample {
	l := i.export.Latency
	if l == nil {
		return nil
	}
	var header http.Header
	if l.Sampling < 100 && rand.IntN(100) >= l.Sampling {
		if header = traced(d.Body[:d.HeaderLen]); header == nil {
			return nil
		}
	}
	s := &sample{to: l.Subject, header: header, at: time.Now()}
	if by.Who != nil {
		who := by.Who(i.share)
		s.who = &who
	}
	return s
}

func (s *sample) rtt() time.Duration {
	if s.who == nil {
		return 0
	}
	return s.who.RTT
}

// result is what is known of the sample by now.
func (s *sample) result(status int, text string) (to string, m *measured) {
	return s.to, &measured{
		Status: status, Error: text, Requestor: s.who, Header: s.header, Start: s.at.Add(-s.rtt()).UTC(),
	}
}

func (s *sample) failed(status int, text string) (string, *measured) { return s.result(status, text) }

func (s *sample) badRequest() (string, *measured) { return s.result(400, "Bad Request") }

// done is the result when the answer of the service has come from by.
func (s *sample) done(by *Publisher) (string, *measured) {
	now := time.Now()
	took := now.Sub(s.at)
	to, m := s.result(200, "")
	if by.Who != nil {
		who := by.Who(true)
		m.Responder = &who
		m.Service = max(took-who.RTT, 0)
	} else {
		m.Service = took
	}
	m.Total = s.rtt() + took
	m.System = max(time.Since(now), 0)
	m.Total += m.System
	return to, m
}

// report publishes a result in the service's account.
func (a *Account) report(to string, m *measured) {
	m.Type, m.ID, m.Time = latencyType, NewName(22), time.Now().UTC()
	body, err := json.Marshal(m)
	if err != nil {
		return
	}
	a.Announce(to, body)
}

// Announce publishes a message of the server itself.
func (a *Account) Announce(to string, body []byte) int {
	return a.Send(&Pub{Subject: []byte(to), Body: body})
}

// Send publishes a message of the server itself, and flushes it. It returns how many receivers got it.
func (a *Account) Send(pub *Pub) int {
	p := Publisher{Copies: true}
	got := a.Publish(&p, pub)
	p.Flush()
	p.Release()
	return got
}
