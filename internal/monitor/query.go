package monitor

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// query reads the parameters of a request. What is not given is the zero value. The first one that cannot be read sets
// err, whose text is nats-server's.
type query struct {
	values url.Values
	err    error
}

func (q *query) text(name string) string { return q.values.Get(name) }

func (q *query) flag(name string) bool {
	return decode(q, name, "boolean", strconv.ParseBool)
}

func (q *query) integer(name string) int {
	return decode(q, name, "int", strconv.Atoi)
}

func (q *query) unsigned(name string) uint64 {
	return decode(q, name, "uint64", func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
}

func decode[T any](q *query, name, kind string, parse func(string) (T, error)) (v T) {
	s := q.text(name)
	if s == "" {
		return v
	}
	v, err := parse(s)
	if err != nil && q.err == nil {
		q.err = fmt.Errorf("Error decoding %s for '%s': %w", kind, name, err) //nolint:staticcheck // its text is shown as it is
	}
	return v
}

// subs reads how subscriptions are wanted: not at all, their subjects, or all about them.
func (q *query) subs() (list, detail bool) {
	if strings.EqualFold(q.text("subs"), "detail") {
		return false, true
	}
	return q.flag("subs"), false
}

// defaultLimit is how many rows a page has unless a limit is given.
const defaultLimit = 1024

// page reads which part of a list is wanted.
func (q *query) page() (offset, limit int) {
	offset, limit = max(q.integer("offset"), 0), q.integer("limit")
	if limit <= 0 {
		limit = defaultLimit
	}
	return offset, limit
}
