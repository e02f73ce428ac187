package permissions

import (
	"slices"
	"strings"

	"weir/test/process"
)

// rules are permissions as they are configured. No allow entries mean that all is allowed.
type rules struct {
	pubAllow, pubDeny, subAllow, subDeny []string
	// answers is how many answers to a request are allowed; 0 where nothing is said of them.
	answers int
}

// oracle says what rules mean on one of the servers.
type oracle struct {
	rules
	target process.Target
}

// covers reports whether pattern stands for subject, token by token. A wildcard of the subject is a word like any other.
func covers(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, token := range p {
		switch {
		case i >= len(s):
			return false
		case token == ">":
			return true
		case token != "*" && token != s[i]:
			return false
		}
	}
	return len(p) == len(s)
}

// contains reports whether pattern stands for all subjects that the wildcards of subject stand for.
func contains(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, token := range p {
		if token == ">" {
			return i < len(s)
		}
		if i >= len(s) || s[i] == ">" || token != "*" && token != s[i] {
			return false
		}
	}
	return len(p) == len(s)
}

// group reports whether a queue entry's second word is about the queue group.
func group(pattern, queue string) bool {
	return pattern == queue || strings.ContainsAny(pattern, "*>") && contains(pattern, queue)
}

// publish reports whether the user may publish to the subject.
func (o oracle) publish(subject string) bool {
	is := func(entry string) bool { return covers(entry, subject) }
	named := len(o.pubAllow) == 0 && o.answers == 0 || slices.ContainsFunc(o.pubAllow, is)
	return named && !slices.ContainsFunc(o.pubDeny, is)
}

// subscribe reports whether the user may subscribe to the pattern, in the queue group unless that is empty.
func (o oracle) subscribe(pattern, queue string) bool {
	return o.allows(pattern, queue) && o.deliver(pattern, queue)
}

// allows looks at the allow entries. For a queue subscription those of two words that are about its subject decide alone.
func (o oracle) allows(pattern, queue string) bool {
	if len(o.subAllow) == 0 {
		return true
	}
	plain, about, named := false, false, false
	for _, entry := range o.subAllow {
		subject, name, two := strings.Cut(entry, " ")
		switch {
		case !two:
			plain = plain || o.admits(subject, pattern)
		case queue != "" && covers(subject, pattern):
			about = true
			named = named || o.admits(subject, pattern) && group(name, queue)
		}
	}
	if about {
		return named
	}
	return plain
}

// admits: nats-server takes the `>` of a subscription for one word, and so `foo.*` allows `foo.>`.
func (o oracle) admits(entry, pattern string) bool {
	if o.target == process.Stock {
		return covers(entry, pattern)
	}
	return contains(entry, pattern)
}

// deliver reports whether no deny entry holds the subject back.
func (o oracle) deliver(subject, queue string) bool {
	for _, entry := range o.subDeny {
		denied, name, two := strings.Cut(entry, " ")
		if covers(denied, subject) && (!two || queue != "" && group(name, queue)) {
			return false
		}
	}
	return true
}
