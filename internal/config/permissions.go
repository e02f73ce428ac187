package config

import (
	"time"

	"weir/internal/perm"
)

// permissionKeys are the keys of a permissions block. For clients, import and export are other words for two of them.
var permissionKeys = table[perm.Config]{
	"publish pub import":                      rule(false, func(p *perm.Config) *perm.Rule { return &p.Publish }),
	"subscribe sub export":                    rule(true, func(p *perm.Config) *perm.Rule { return &p.Subscribe }),
	"allow_responses publish_allow_responses": setResponses,
}.split()

var responseKeys = table[perm.Responses]{
	"max max_msgs max_messages max_responses": integer(func(p *perm.Responses) *int { return &p.MaxMsgs }),
	"expires expiration ttl":                  setExpires,
}.split()

const (
	unknownPermission = "Unknown field %q parsing permissions"
	unknownInRule     = "Unknown field name %q parsing subject permissions, only 'allow' or 'deny' are permitted"
)

// permissions reads a permissions block; nil if it is none.
func (r *reader) permissions(v value) *perm.Config {
	if _, ok := v.v.(map[string]any); !ok {
		r.fail(v.at, "Expected permissions to be a map/struct, got %s", kind(v.v))
		return nil
	}
	p := new(perm.Config)
	readOr(r, v, permissionKeys, p, unknownPermission)
	return p
}

// rule reads a map of allow and deny, or the allow entries alone. With queues, an entry may be `subject queue`.
func rule(queues bool, field func(*perm.Config) *perm.Rule) set[perm.Config] {
	keys := table[perm.Rule]{
		"allow": func(r *reader, rule *perm.Rule, v value) { rule.Allow = r.entries(v, queues) },
		"deny":  func(r *reader, rule *perm.Rule, v value) { rule.Deny = r.entries(v, queues) },
	}
	return func(r *reader, p *perm.Config, v value) {
		var rule perm.Rule
		if _, ok := v.v.(map[string]any); ok {
			readOr(r, v, keys, &rule, unknownInRule)
		} else {
			rule.Allow = r.entries(v, queues)
		}
		*field(p) = rule
	}
}

// entries reads one entry of a rule, or a list of them.
func (r *reader) entries(v value, queues bool) []string {
	items := []value{v}
	switch v.v.(type) {
	case string:
	case []any:
		items, _ = r.items(v)
	default:
		r.fail(v.at, "Expected subject permissions to be a subject, or array of subjects, got %s", kind(v.v))
		return nil
	}
	var out []string
	for _, item := range items {
		s, ok := item.v.(string)
		if !ok {
			r.fail(item.at, "Subject in permissions array cannot be cast to string, it is %s", kind(item.v))
			continue
		}
		if err := perm.Check(s, queues); err != nil {
			r.fail(v.at, "%v", err)
		}
		out = append(out, s)
	}
	return out
}

// setResponses reads a switch, or the bounds of the answers.
func setResponses(r *reader, p *perm.Config, v value) {
	switch on := v.v.(type) {
	case bool:
		if on {
			p.Responses = new(perm.Responses)
		}
	case map[string]any:
		p.Responses = new(perm.Responses)
		readOr(r, v, responseKeys, p.Responses, unknownPermission)
	default:
		r.fail(v.at, "error parsing response permissions, expected a boolean or a map, got %s", kind(v.v))
	}
}

// setExpires reads a quoted duration; a negative one is for ever.
func setExpires(r *reader, p *perm.Responses, v value) {
	if _, ok := v.v.(string); !ok {
		r.fail(v.at, "error parsing %s, not a duration string", v.key)
		return
	}
	duration(func(d *time.Duration) *time.Duration { return d })(r, &p.TTL, v)
}
