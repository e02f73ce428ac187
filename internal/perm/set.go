package perm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"weir/internal/subject"
)

// Defaults of [Responses], the same as nats-server's.
const (
	DefaultMaxMsgs = 1
	DefaultTTL     = 2 * time.Minute
)

var (
	// ErrSubject refuses an entry whose subject is not valid, or one of two words where only a subject may stand.
	ErrSubject = errors.New("is not a valid subject")
	// ErrQueue refuses an entry whose second word is not valid: it is a pattern of queue names, in the form of a subject.
	ErrQueue = errors.New("is not a valid queue")
)

// Config is the permissions of one user. The zero value allows everything.
type Config struct {
	Publish, Subscribe Rule
	// Responses, if not nil, lets the user answer what it is asked, and takes away what Publish.Allow does not name.
	Responses *Responses
}

// Rule is subjects with wildcards. In a Subscribe rule an entry may be `subject queue`. No Allow entries means all.
type Rule struct{ Allow, Deny []string }

// Responses bounds the answers to one request.
type Responses struct {
	// MaxMsgs is how many; 0 means DefaultMaxMsgs, negative any number.
	MaxMsgs int
	// TTL is for how long after the request; 0 means DefaultTTL, negative for ever.
	TTL time.Duration
}

// Set is compiled permissions. It never changes. Its checks allocate nothing.
type Set struct {
	publish, subscribe rule
	denied             []entry // of subscribe, to find what a wildcard overlaps
	responses          *Responses
	config             Config
}

type rule struct{ allow, deny *entries }

// entries is one list, split into entries of one word and of two.
type entries struct {
	plain  subject.Trie[struct{}]
	queued subject.Trie[string] // the member is the pattern of queue names
}

type entry struct{ subject, queue string }

// Compile checks c and makes a Set of it, which is nil if c allows everything. The error is ErrSubject or ErrQueue with the
// word that is wrong.
func Compile(c Config) (*Set, error) {
	s := &Set{config: c}
	var err error
	if s.publish, _, err = compileRule(c.Publish, false); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	if s.subscribe, s.denied, err = compileRule(c.Subscribe, true); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	if c.Responses != nil {
		s.responses = c.Responses.withDefaults()
		if s.publish.allow == nil {
			s.publish.allow = &entries{} // allows nothing
		}
	}
	if s.publish == (rule{}) && s.subscribe == (rule{}) {
		return nil, nil
	}
	return s, nil
}

// Config is what s was compiled from, with the defaults of its Responses.
func (s *Set) Config() Config {
	c := s.config
	c.Responses = s.responses
	return c
}

func (r Responses) withDefaults() *Responses {
	if r.MaxMsgs == 0 {
		r.MaxMsgs = DefaultMaxMsgs
	}
	if r.TTL == 0 {
		r.TTL = DefaultTTL
	}
	return &r
}

func compileRule(r Rule, queues bool) (compiled rule, denied []entry, err error) {
	if compiled.allow, _, err = compileEntries(r.Allow, queues); err != nil {
		return rule{}, nil, fmt.Errorf("allow: %w", err)
	}
	if compiled.deny, denied, err = compileEntries(r.Deny, queues); err != nil {
		return rule{}, nil, fmt.Errorf("deny: %w", err)
	}
	return compiled, denied, nil
}

func compileEntries(list []string, queues bool) (*entries, []entry, error) {
	if len(list) == 0 {
		return nil, nil, nil
	}
	es, all := &entries{}, make([]entry, 0, len(list))
	for _, s := range list {
		e, err := parseEntry(s, queues)
		if err != nil {
			return nil, nil, err
		}
		if e.queue == "" {
			_, err = es.plain.Insert(e.subject, "", struct{}{})
		} else {
			_, err = es.queued.Insert(e.subject, "", e.queue)
		}
		if err != nil {
			return nil, nil, err
		}
		all = append(all, e)
	}
	return es, all, nil
}

// Check reports what is wrong with one entry of a [Rule]: ErrSubject or ErrQueue with the word. With queues it may be
// `subject queue`.
func Check(s string, queues bool) error {
	_, err := parseEntry(s, queues)
	return err
}

func parseEntry(s string, queues bool) (entry, error) {
	if subject.Valid(s) {
		return entry{subject: s}, nil
	}
	words := strings.Fields(s)
	switch {
	case !queues || len(words) != 2:
		return entry{}, fmt.Errorf("subject %q %w", s, ErrSubject)
	case !subject.Valid(words[0]):
		return entry{}, fmt.Errorf("subject %q %w", words[0], ErrSubject)
	case !subject.Valid(words[1]):
		return entry{}, fmt.Errorf("queue %q %w", words[1], ErrQueue)
	}
	return entry{words[0], words[1]}, nil
}

// CanPublish reports whether the user may publish to the literal name. Ask [Replies.Use] if it may not.
func (s *Set) CanPublish(name []byte) bool {
	if s == nil {
		return true
	}
	if a := s.publish.allow; a != nil && !subject.Has(&a.plain, name) {
		return false
	}
	d := s.publish.deny
	return d == nil || !subject.Has(&d.plain, name)
}

// CanSubscribe reports whether the user may subscribe to pattern, in the queue group of that name unless it is "".
func (s *Set) CanSubscribe(pattern, queue string) bool {
	if s == nil {
		return true
	}
	if a := s.subscribe.allow; a != nil && !a.allows(pattern, queue) {
		return false
	}
	d := s.subscribe.deny
	return d == nil || !denies(d, pattern, queue)
}

// NeedsDeliveryFilter reports whether a subscription that [Set.CanSubscribe] allows may match messages that the user must
// not get. Then each message must pass [Set.CanDeliver].
func (s *Set) NeedsDeliveryFilter(pattern, queue string) bool {
	if s == nil || len(s.denied) == 0 || !subject.HasWildcard(pattern) {
		return false
	}
	for _, e := range s.denied {
		if (e.queue == "" || queueMatches(e.queue, queue)) && subject.Overlap(e.subject, pattern) {
			return true
		}
	}
	return false
}

// CanDeliver reports whether no deny entry holds a message to the literal name back from a subscription in that queue
// group, or from a plain one if queue is "".
func (s *Set) CanDeliver(name []byte, queue string) bool {
	return s == nil || s.subscribe.deny == nil || !denies(s.subscribe.deny, name, queue)
}

func (es *entries) allows(pattern, queue string) bool {
	if queue == "" || es.queued.Len() == 0 || !subject.Has(&es.queued, pattern) {
		return subject.Covered(&es.plain, pattern)
	}
	match := false
	subject.EachCovering(&es.queued, pattern, func(q string) bool {
		match = queueMatches(q, queue)
		return !match
	})
	return match
}

func denies[S subject.Text](es *entries, name S, queue string) bool {
	if subject.Has(&es.plain, name) {
		return true
	}
	match := false
	if queue != "" && es.queued.Len() > 0 {
		subject.Each(&es.queued, name, func(q string) bool {
			match = queueMatches(q, queue)
			return !match
		})
	}
	return match
}

// queueMatches compares a queue name with a pattern. A name may itself have wildcards and must then be no wider.
func queueMatches(pattern, queue string) bool {
	return queue != "" && (pattern == queue || subject.HasWildcard(pattern) && subject.Subset(queue, pattern))
}
