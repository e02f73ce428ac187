package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// health is /healthz. With details asked for, the error is a list.
type health struct {
	Status string        `json:"status"`
	Error  string        `json:"error,omitempty"`
	Errors []healthError `json:"errors,omitempty"`
}

type healthError struct {
	Type  string `json:"type"`
	Error string `json:"error,omitempty"`
}

// Errors of /healthz, worded as nats-server's.
var (
	errNoAccount = errors.New(`"account" must not be empty when checking stream health`)
	errNoStream  = errors.New(`"stream" must not be empty when checking consumer health`)
)

// healthz answers 200 as long as clients can connect, and 500 otherwise. JetStream is not built, and a nats-server without
// JetStream does not look for the streams it is asked about either.
func (m *Pages) healthz(w http.ResponseWriter, r *http.Request) {
	q := &query{values: r.URL.Query()}
	for _, name := range []string{"js-enabled", "js-enabled-only", "js-server-only", "js-meta-only"} {
		q.flag(name)
	}
	details := q.flag("details")
	if q.err != nil {
		refuse(w, http.StatusBadRequest, q.err.Error())
		return
	}
	status, kind, err := m.health(q)
	if err != nil {
		m.Log.Warn(fmt.Sprintf("Healthcheck failed: %q", err.Error()))
	}
	body, err := json.Marshal(newHealth(kind, err, details))
	if err != nil { // cannot happen: there are only strings in it
		status, body = http.StatusInternalServerError, nil
	}
	respond(w, status, body)
}

// Health is /healthz as events show it: with its status, and 200 for who is well.
type Health struct {
	Status string        `json:"status"`
	Code   int           `json:"status_code"`
	Error  string        `json:"error,omitempty"`
	Errors []healthError `json:"errors,omitempty"`
}

// HealthOf answers as /healthz does to the parameters.
func (m *Pages) HealthOf(parameters url.Values) Health {
	q := &query{values: parameters}
	status, kind, err := m.health(q)
	h := newHealth(kind, err, q.flag("details"))
	return Health{h.Status, status, h.Error, h.Errors}
}

// newHealth is what is shown of an error, or of none.
func newHealth(kind string, err error, details bool) health {
	switch {
	case err == nil:
		return health{Status: "ok"}
	case details:
		return health{Status: "error", Errors: []healthError{{kind, err.Error()}}}
	}
	return health{Status: "error", Error: err.Error()}
}

// health is the status of the answer, and what is wrong.
func (m *Pages) health(q *query) (status int, kind string, err error) {
	switch {
	case q.text("account") == "" && q.text("stream") != "":
		return http.StatusBadRequest, "BAD_REQUEST", errNoAccount
	case q.text("stream") == "" && q.text("consumer") != "":
		return http.StatusBadRequest, "BAD_REQUEST", errNoStream
	}
	if err := m.Healthy(); err != nil {
		return http.StatusInternalServerError, "CONNECTION", err
	}
	return http.StatusOK, "", nil
}
