package authfile

import (
	"fmt"
	"strconv"
	"strings"

	"weir/internal/conf"
	"weir/internal/subject"
)

// What is not built yet and guards nothing is checked and then switched off with a warning.

// jetStreamKeys are the keys of the streams of an account: sizes, and what is none.
var jetStreamKeys = func() conf.Table[struct{}] {
	size := func(r *conf.Reader, _ *struct{}, v conf.Value) {
		if _, ok := v.V.(int64); !ok {
			r.Fail(v.At, "Expected a parseable size for %q, got %s", v.Key, conf.Kind(v.V))
		}
	}
	return conf.Table[struct{}]{
		"max_memory max_mem mem memory":                 size,
		"max_store max_file max_disk store disk":        size,
		"max_streams streams":                           size,
		"max_consumers consumers":                       size,
		"mem_max_stream_bytes memory_max_stream_bytes":  size,
		"disk_max_stream_bytes store_max_stream_bytes":  size,
		"max_ack_pending":                               size,
		"max_bytes_required max_stream_bytes max_bytes": func(r *conf.Reader, _ *struct{}, v conf.Value) { r.Flag(v) },
		"cluster_traffic": func(r *conf.Reader, _ *struct{}, v conf.Value) {
			if s, ok := v.V.(string); !ok || s != "" && s != "system" && s != "owner" {
				r.Fail(v.At, "Expected 'system' or 'owner' string value for %q", v.Key)
			}
		},
	}.Split()
}()

func setJetStream(r *conf.Reader, _ *tenant, v conf.Value) {
	on := true
	switch x := v.V.(type) {
	case bool:
		on = x
	case string:
		switch strings.ToLower(x) {
		case "enabled", "enable":
		case "disabled", "disable":
			on = false
		default:
			r.Fail(v.At, "Expected 'enabled' or 'disabled' for string value, got '%s'", x)
		}
	case map[string]any:
		conf.Read(r, v, jetStreamKeys, new(struct{}))
	default:
		r.Fail(v.At, "Expected map, bool or string to define JetStream, got %s", conf.Kind(v.V))
	}
	if on {
		r.NotBuilt(v.Key)
	}
}

// trace is where traces of an account's messages go, and of how many of a hundred.
type trace struct {
	dest     string
	sampling int
}

var traceKeys = conf.Table[trace]{
	"dest":     func(r *conf.Reader, t *trace, v conf.Value) { setTraceDest(r, t, v) },
	"sampling": setTraceSampling,
}

func setTraceDest(r *conf.Reader, t *trace, v conf.Value) {
	s, ok := v.V.(string)
	switch {
	case !ok:
		r.Fail(v.At, "Field %q should be a string, got %s", v.Key, conf.Kind(v.V))
	case !subject.ValidLiteral(s):
		r.Fail(v.At, "Trace destination %q is not valid", s)
	default:
		t.dest = s
	}
}

func setTraceSampling(r *conf.Reader, t *trace, v conf.Value) {
	n, err := int64(0), error(nil)
	switch x := v.V.(type) {
	case int64:
		n = x
	case string:
		if n, err = strconv.ParseInt(strings.TrimSuffix(x, "%"), 10, 32); err != nil {
			r.Fail(v.At, "Invalid trace destination sampling value %q", x)
			return
		}
	default:
		r.Fail(v.At, "Trace destination sampling field %q should be an integer or a percentage, got %s", v.Key, conf.Kind(v.V))
		return
	}
	if n <= 0 || n > 100 {
		r.Fail(v.At, "Trace destination sampling value %d is invalid, needs to be [1..100]", n)
		return
	}
	t.sampling = int(n)
}

func setTrace(r *conf.Reader, _ *tenant, v conf.Value) {
	var t trace
	switch v.V.(type) {
	case string:
		setTraceDest(r, &t, v)
	case map[string]any:
		conf.ReadOr(r, v, traceKeys, &t, "Unknown field %q parsing account message trace map/struct")
	default:
		r.Fail(v.At, "Expected account message trace %q to be a string or a map/struct, got %s", v.Key, conf.Kind(v.V))
	}
	switch {
	case t.dest != "":
		r.NotBuilt(v.Key)
	case t.sampling > 0:
		r.Warn(fmt.Sprintf("%v: Trace destination sampling ignored since no destination was set", v.At))
	}
}
