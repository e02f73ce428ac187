package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
func (m *monitor) healthz(w http.ResponseWriter, r *http.Request) {
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
	h := health{Status: "ok"}
	if err != nil {
		m.Log.Warn(fmt.Sprintf("Healthcheck failed: %q", err.Error()))
		h.Status = "error"
		if details {
			h.Errors = []healthError{{kind, err.Error()}}
		} else {
			h.Error = err.Error()
		}
	}
	body, err := json.Marshal(h)
	if err != nil { // cannot happen: there are only strings in it
		status, body = http.StatusInternalServerError, nil
	}
	respond(w, status, body)
}

// health is the status of the answer, and what is wrong.
func (m *monitor) health(q *query) (status int, kind string, err error) {
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
