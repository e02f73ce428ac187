package authfile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/internal/account"
	"weir/internal/conf"
	"weir/internal/subject"
)

// export is one entry of exports while it is read. The keys may stand in any order.
type export struct {
	account.Export
	stream, service  bool
	onlyFor          conf.Value // the last key that only a service may have
	response, thresh bool       // were seen
}

var exportKeys = conf.Table[export]{
	"stream": func(r *conf.Reader, e *export, v conf.Value) {
		e.stream = true
		e.Subject, _ = r.Text(v)
	},
	"service": func(r *conf.Reader, e *export, v conf.Value) {
		e.service = true
		e.Subject, _ = r.Text(v)
	},
	"response response_type": setResponseType,
	"threshold response_threshold response_max_time response_time": setThreshold,
	"accounts": func(r *conf.Reader, e *export, v conf.Value) {
		if _, ok := v.V.([]any); !ok {
			r.Wrong(v, "a list")
			return
		}
		if names, _ := r.Texts(v); len(names) > 0 { // nobody in particular is everybody
			e.Accounts = names
		}
	},
	"latency":                setLatency,
	"account_token_position": conf.Int(func(e *export) *int { return &e.TokenPosition }),
	"allow_trace": func(r *conf.Reader, e *export, v conf.Value) {
		e.AllowTrace, _ = r.Flag(v)
		e.onlyFor = v
	},
}.Split()

func setExports(r *conf.Reader, t *tenant, v conf.Value) {
	if _, ok := v.V.([]any); !ok {
		r.Fail(v.At, "Exports should be an array, got %s", conf.Kind(v.V))
		return
	}
	items, _ := r.Items(v)
	for _, item := range items {
		if _, ok := item.V.(map[string]any); !ok {
			r.Fail(item.At, "Export Items should be a map with type entry, got %s", conf.Kind(item.V))
			continue
		}
		var e export
		conf.Read(r, item, exportKeys, &e)
		at := r.Start(item)
		switch {
		case e.stream && e.service:
			r.Fail(at, "Detected stream %q but already saw a service", e.Subject)
		case e.stream && e.onlyFor.Key != "":
			r.Fail(e.onlyFor.At, "Detected %s directive on non-service", e.onlyFor.Key)
		case !e.stream && !e.service: // nats-server passes over it
			r.Warn("an export that is neither a stream nor a service is passed over")
			continue
		}
		e.Service = e.service
		if !subject.Valid(e.Subject) {
			r.Warn(fmt.Sprintf("%v: nobody can import %q, which is no subject", at, e.Subject))
		}
		t.export(&e, at)
	}
}

// export adds an export. What is said of the same subject later is added to what was said before.
func (t *tenant) export(e *export, at conf.Position) {
	i := slices.IndexFunc(t.Exports, func(o account.Export) bool { return o.Service == e.Service && o.Subject == e.Subject })
	if i < 0 {
		t.Exports = append(t.Exports, e.Export)
		t.place(account.PartExport, len(t.Exports), at)
		return
	}
	o := &t.Exports[i]
	if e.Response != account.Singleton {
		o.Response = e.Response
	}
	if e.Accounts != nil || e.TokenPosition > 0 {
		o.Accounts, o.TokenPosition = append(o.Accounts, e.Accounts...), e.TokenPosition
	}
	if e.Latency != nil {
		o.Latency = e.Latency
	}
	o.Threshold, o.AllowTrace = e.Threshold, o.AllowTrace || e.AllowTrace
}

func setResponseType(r *conf.Reader, e *export, v conf.Value) {
	if e.response {
		r.Fail(v.At, "Duplicate response type definition")
	}
	e.response, e.onlyFor = true, v
	s, ok := r.Text(v)
	if !ok {
		return
	}
	switch strings.ToLower(s) {
	case "single", "singleton":
		e.Response = account.Singleton
	case "stream":
		e.Response = account.Stream
	case "chunk", "chunked":
		e.Response = account.Chunked
	default:
		r.Fail(v.At, "Unknown response type: %q", s)
	}
}

func setThreshold(r *conf.Reader, e *export, v conf.Value) {
	if e.thresh {
		r.Fail(v.At, "Duplicate response threshold detected")
	}
	e.thresh, e.onlyFor = true, v
	s, _ := v.V.(string)
	d, err := time.ParseDuration(s)
	if err != nil {
		r.Fail(v.At, "Expected response threshold to be a parseable time duration")
		return
	}
	e.Threshold = d
}

// setLatency reads a subject, or a map of it and the sampling.
func setLatency(r *conf.Reader, e *export, v conf.Value) {
	e.onlyFor = v
	l := &account.Latency{Sampling: 100}
	if s, ok := v.V.(string); ok {
		l.Subject = s
		e.Latency = l
		return
	}
	if _, ok := v.V.(map[string]any); !ok {
		r.Fail(v.At, "Expected latency entry to be a map/struct or string, got %s", conf.Kind(v.V))
		return
	}
	given := false
	for _, m := range r.Members(v) {
		switch m.Key { // nats-server minds their case here, and no other keys
		case "subject":
			given = true
			l.Subject, _ = r.Text(m)
		case "sampling":
			setSampling(r, l, m)
		default:
			if !m.Variable() {
				r.Warn(fmt.Sprintf("%v: %q means nothing in a latency block", m.At, m.Key))
			}
		}
	}
	if !given {
		r.Fail(v.At, "Latency subject required, but missing")
	}
	e.Latency = l
}

// setSampling reads a percentage, with or without its sign, or the word headers.
func setSampling(r *conf.Reader, l *account.Latency, v conf.Value) {
	n := int64(0)
	switch x := v.V.(type) {
	case int64:
		n = x
	case string:
		if strings.EqualFold(strings.TrimSpace(x), "headers") {
			l.Sampling = 0
			return
		}
		var err error
		if n, err = strconv.ParseInt(strings.TrimSuffix(x, "%"), 10, 32); err != nil {
			r.Fail(v.At, "Failed to parse latency sample")
			return
		}
	default:
		r.Fail(v.At, "Expected latency sample to be a string or map/struct, got %s", conf.Kind(v.V))
		return
	}
	if n < 1 || n > 100 {
		r.Fail(v.At, "bad sampling percentage, should be 1-100")
	}
	l.Sampling = int(n)
}

// remote is the account and the subject of an import.
type remote struct{ account, subject string }

var remoteKeys = conf.Table[remote]{
	"account": conf.Text(func(m *remote) *string { return &m.account }),
	"subject": conf.Text(func(m *remote) *string { return &m.subject }),
}

// imported is one entry of imports while it is read.
type imported struct {
	account.Import
	prefix          string
	stream, service bool
	onlyFor         conf.Value // allow_trace, which only a stream may have
}

var importKeys = conf.Table[imported]{
	"stream": func(r *conf.Reader, m *imported, v conf.Value) {
		m.stream = true
		m.remote(r, v, "Stream")
	},
	"service": func(r *conf.Reader, m *imported, v conf.Value) {
		m.service = true
		m.remote(r, v, "Service")
	},
	"prefix": conf.Text(func(m *imported) *string { return &m.prefix }),
	"to":     conf.Text(func(m *imported) *string { return &m.To }),
	"share":  conf.Flag(func(m *imported) *bool { return &m.Share }),
	"allow_trace": func(r *conf.Reader, m *imported, v conf.Value) {
		m.AllowTrace, _ = r.Flag(v)
		m.onlyFor = v
	},
}

func (m *imported) remote(r *conf.Reader, v conf.Value, what string) {
	if _, ok := v.V.(map[string]any); !ok {
		r.Fail(v.At, "%s entry should be an account map, got %s", what, conf.Kind(v.V))
		return
	}
	var from remote
	conf.Read(r, v, remoteKeys, &from)
	if from.account == "" || from.subject == "" {
		r.Fail(v.At, "Expect an account name and a subject")
	}
	m.Account, m.Subject = from.account, from.subject
}

func setImports(r *conf.Reader, t *tenant, v conf.Value) {
	if _, ok := v.V.([]any); !ok {
		r.Fail(v.At, "Imports should be an array, got %s", conf.Kind(v.V))
		return
	}
	items, _ := r.Items(v)
	for _, item := range items {
		if _, ok := item.V.(map[string]any); !ok {
			r.Fail(item.At, "Import Items should be a map with type entry, got %s", conf.Kind(item.V))
			continue
		}
		var m imported
		conf.Read(r, item, importKeys, &m)
		at := r.Start(item)
		switch {
		case m.stream && m.service:
			r.Fail(at, "Detected stream but already saw a service")
		case m.service && m.onlyFor.Key != "":
			r.Fail(m.onlyFor.At, "Detected allow_trace directive on a non-stream")
		case m.stream && m.prefix != "" && m.To != "":
			r.Fail(at, "Stream import can not have a 'prefix' and a 'to' property")
		case !m.stream && !m.service:
			r.Warn("an import that is neither a stream nor a service is passed over")
			continue
		case m.stream && subject.HasWildcard(m.prefix):
			r.Fail(at, "Error adding stream import %q: stream import prefix can not contain wildcard tokens", m.Subject)
		case m.stream && m.prefix != "":
			m.To = strings.TrimSuffix(m.prefix, ".") + "." + m.Subject
		}
		m.Service = m.service
		t.imported(r, &m, at)
	}
}

// imported adds an import.
func (t *tenant) imported(r *conf.Reader, m *imported, at conf.Position) {
	to := cmp.Or(m.To, m.Subject)
	if m.stream && subject.Valid(m.Subject) && !subject.Valid(to) {
		r.Warn(fmt.Sprintf("%v: a stream import is passed over: nobody can subscribe to %q", at, to))
		return
	}
	for i := range t.Imports {
		if o := &t.Imports[i]; m.Service && o.Service && o.Account == m.Account && cmp.Or(o.To, o.Subject) == to {
			r.Fail(at, "Duplicate service import subject %q, previously used in import for account %q, subject %q", to, o.Account, o.Subject)
			return
		}
	}
	t.Imports = append(t.Imports, m.Import)
	t.place(account.PartImport, len(t.Imports), at)
}

// ReadMappings reads a mappings block: destinations by source.
func ReadMappings(r *conf.Reader, v conf.Value) (all []account.Mapping) {
	for _, member := range r.Members(v) {
		if member.Variable() {
			continue
		}
		m := account.Mapping{Source: member.Key}
		items := []conf.Value{member}
		switch x := member.V.(type) {
		case string:
			m.To, items = []account.Weighted{{Subject: x, Weight: 100}}, nil
		case []any:
			items, _ = r.Items(member)
		}
		for _, item := range items {
			if _, ok := item.V.(map[string]any); !ok {
				r.Fail(item.At, "Expected an entry for the mapping destination, got %s", conf.Kind(item.V))
				continue
			}
			var w weighted
			before := len(r.Errors)
			conf.ReadOr(r, item, weightedKeys, &w, "Unknown field %q for mapping destination")
			if !w.given && len(r.Errors) == before {
				r.Fail(r.Start(item), "Missing weight for mapping destination %q", w.Subject)
			}
			if len(r.Errors) > before {
				continue
			}
			m.To = append(m.To, w.Weighted)
		}
		c := account.Config{Mappings: []account.Mapping{m}}
		if err := c.Validate(); err != nil {
			r.Fail(member.At, "Error adding mapping for %q: %v", member.Key, unwrapped(err))
			continue
		}
		all = append(all, m)
	}
	return all
}

// weighted is one destination while it is read.
type weighted struct {
	account.Weighted
	given bool
}

var weightedKeys = conf.Table[weighted]{
	"dest destination": conf.Text(func(w *weighted) *string { return &w.Subject }),
	"cluster":          conf.Text(func(w *weighted) *string { return &w.Cluster }),
	"weight":           setWeight,
}.Split()

// setWeight reads a percentage, with or without its sign.
func setWeight(r *conf.Reader, w *weighted, v conf.Value) {
	n := int64(-1)
	switch x := v.V.(type) {
	case int64:
		n = x
	case string:
		if i, err := strconv.ParseInt(strings.TrimSuffix(x, "%"), 10, 32); err == nil {
			n = i
		}
	default:
		r.Fail(v.At, "Unknown entry type for weight: %s", conf.Kind(v.V))
		return
	}
	if n < 0 || n > 100 {
		r.Fail(v.At, "Invalid weight %v for mapping destination", v.V)
		return
	}
	w.Weight, w.given = int(n), true
}

// unwrapped is what is wrong, without the account that the file's place says.
func unwrapped(err error) error {
	if e, ok := err.(*account.Error); ok {
		return e.Err
	}
	return err
}
