package authfile

import (
	"time"

	"weir/internal/conf"
	"weir/internal/perm"
)

// permissionKeys are the keys of a permissions block. For clients, import and export are other words for two of them.
var permissionKeys = conf.Table[perm.Config]{
	"publish pub import":                      rule(false, func(p *perm.Config) *perm.Rule { return &p.Publish }),
	"subscribe sub export":                    rule(true, func(p *perm.Config) *perm.Rule { return &p.Subscribe }),
	"allow_responses publish_allow_responses": setResponses,
}.Split()

var responseKeys = conf.Table[perm.Responses]{
	"max max_msgs max_messages max_responses": conf.Int(func(p *perm.Responses) *int { return &p.MaxMsgs }),
	"expires expiration ttl":                  setExpires,
}.Split()

const (
	unknownPermission = "Unknown field %q parsing permissions"
	unknownInRule     = "Unknown field name %q parsing subject permissions, only 'allow' or 'deny' are permitted"
)

// permissions reads a permissions block; nil if it is none.
func permissions(r *conf.Reader, v conf.Value) *perm.Config {
	if _, ok := v.V.(map[string]any); !ok {
		r.Fail(v.At, "Expected permissions to be a map/struct, got %s", conf.Kind(v.V))
		return nil
	}
	p := new(perm.Config)
	conf.ReadOr(r, v, permissionKeys, p, unknownPermission)
	return p
}

// rule reads a map of allow and deny, or the allow entries alone. With queues, an entry may be `subject queue`.
func rule(queues bool, field func(*perm.Config) *perm.Rule) conf.Set[perm.Config] {
	keys := conf.Table[perm.Rule]{
		"allow": func(r *conf.Reader, rule *perm.Rule, v conf.Value) { rule.Allow = entries(r, v, queues) },
		"deny":  func(r *conf.Reader, rule *perm.Rule, v conf.Value) { rule.Deny = entries(r, v, queues) },
	}
	return func(r *conf.Reader, p *perm.Config, v conf.Value) {
		var rule perm.Rule
		if _, ok := v.V.(map[string]any); ok {
			conf.ReadOr(r, v, keys, &rule, unknownInRule)
		} else {
			rule.Allow = entries(r, v, queues)
		}
		*field(p) = rule
	}
}

// entries reads one entry of a rule, or a list of them.
func entries(r *conf.Reader, v conf.Value, queues bool) []string {
	items := []conf.Value{v}
	switch v.V.(type) {
	case string:
	case []any:
		items, _ = r.Items(v)
	default:
		r.Fail(v.At, "Expected subject permissions to be a subject, or array of subjects, got %s", conf.Kind(v.V))
		return nil
	}
	var out []string
	for _, item := range items {
		s, ok := item.V.(string)
		if !ok {
			r.Fail(item.At, "Subject in permissions array cannot be cast to string, it is %s", conf.Kind(item.V))
			continue
		}
		if err := perm.Check(s, queues); err != nil {
			r.Fail(v.At, "%v", err)
		}
		out = append(out, s)
	}
	return out
}

// setResponses reads a switch, or the bounds of the answers.
func setResponses(r *conf.Reader, p *perm.Config, v conf.Value) {
	switch on := v.V.(type) {
	case bool:
		if on {
			p.Responses = new(perm.Responses)
		}
	case map[string]any:
		p.Responses = new(perm.Responses)
		conf.ReadOr(r, v, responseKeys, p.Responses, unknownPermission)
	default:
		r.Fail(v.At, "error parsing response permissions, expected a boolean or a map, got %s", conf.Kind(v.V))
	}
}

// setExpires reads a quoted duration; a negative one is for ever.
func setExpires(r *conf.Reader, p *perm.Responses, v conf.Value) {
	if _, ok := v.V.(string); !ok {
		r.Fail(v.At, "error parsing %s, not a duration string", v.Key)
		return
	}
	conf.Duration(func(d *time.Duration) *time.Duration { return d })(r, &p.TTL, v)
}
