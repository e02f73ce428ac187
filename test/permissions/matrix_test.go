package permissions

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"weir/test/process"
)

func TestMain(m *testing.M) { process.Main(m) }

// The world: subjects to publish to, subjects and queue groups to subscribe to.
var (
	literals = []string{"a", "b", "c", "a.a", "a.b", "b.a", "c.c", "a.a.b", "a.c.b", "a.b.c"}
	patterns = []string{"a", "*", ">", "a.a", "b.a", "a.*", "*.a", "*.*", "a.>", "*.>", "a.a.b", "a.*.b", "*.a.>", "a.b.*"}
	queues   = []string{"q", "q.x", "q.y", "r"}
	groups   = []string{"q", "q.x", "q.*", "q.>", "*", ">", "r"} // of entries
)

// random are rules of a few entries each.
func random(rng *rand.Rand) (r rules) {
	list := func(queued bool) (l []string) {
		for range rng.IntN(4) {
			entry := patterns[rng.IntN(len(patterns))]
			if queued && rng.IntN(3) == 0 {
				entry += " " + groups[rng.IntN(len(groups))]
			}
			l = append(l, entry)
		}
		return l
	}
	r = rules{pubAllow: list(false), pubDeny: list(false), subAllow: list(true), subDeny: list(true)}
	if rng.IntN(3) == 0 {
		r.answers = 1 + rng.IntN(3)
	}
	return r
}

// config are the rules as a block of a configuration file.
func (r rules) config() string {
	rule := func(word string, allow, deny []string) string {
		var lists []string
		for _, l := range []struct {
			word    string
			entries []string
		}{{"allow", allow}, {"deny", deny}} {
			if len(l.entries) > 0 {
				lists = append(lists, fmt.Sprintf(`%s: [ "%s" ]`, l.word, strings.Join(l.entries, `", "`)))
			}
		}
		if lists == nil {
			return ""
		}
		return fmt.Sprintf("%s: { %s }, ", word, strings.Join(lists, ", "))
	}
	text := rule("publish", r.pubAllow, r.pubDeny) + rule("subscribe", r.subAllow, r.subDeny)
	if r.answers > 0 {
		text += fmt.Sprintf("allow_responses: { max: %d } ", r.answers)
	}
	return "{ " + text + "}"
}

// users is how many users with rules of their own a server has; one more has the default permissions.
const users = 12

// TestMatrix gives users random rules, and holds all that they may do against the oracle.
//
// advisory: CVE-2022-29946 secnote-2026-17 secnote-2026-18
func TestMatrix(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 0))
		all := make([]rules, users+1)
		var list strings.Builder
		for i := range all {
			all[i] = random(rng)
			permissions := ", permissions: " + all[i].config()
			if i == users {
				permissions = ""
			}
			fmt.Fprintf(&list, "\t{ user: u%d, password: p%s }\n", i, permissions)
		}
		block := fmt.Sprintf("users: [\n\t{ user: admin, password: p, permissions: { publish: \">\" } }\n%s]\ndefault_permissions: %s", &list, all[users].config())
		config := "authorization {\n" + block + "\n}"
		if seed%2 == 1 { // the same in an account
			config = "accounts { A {\n" + block + "\n} }"
		}
		process.Each(t, func(t *testing.T, target process.Target) {
			s := process.Start(t, target, process.Options{Config: config})
			for i, r := range all {
				t.Run(fmt.Sprintf("%d %d", seed, i), func(t *testing.T) {
					w := world{oracle: oracle{r, target}, admin: enter(t, s, "admin"), user: enter(t, s, fmt.Sprintf("u%d", i)), t: t}
					w.publishes()
					w.subscribes()
				})
			}
		})
	}
}

// world is a user, and an admin that may do everything.
type world struct {
	oracle
	admin, user *process.Raw
	t           *testing.T
}

func enter(t *testing.T, s *process.Server, user string) *process.Raw {
	t.Helper()
	c := process.DialRaw(t, s.Client)
	c.Send(fmt.Sprintf("CONNECT {\"verbose\":false,\"pedantic\":false,\"user\":%q,\"pass\":\"p\"}\r\n", user))
	exchange(c)
	return c
}

// exchange sends lines and a PING, and returns what comes up to the PONG.
func exchange(c *process.Raw, lines ...string) (got []string) {
	c.Send(strings.Join(append(lines, "PING\r\n"), "\r\n"))
	for {
		switch line := c.Line(); line {
		case "PONG":
			return got
		case "PING", "": // of the server, and empty bodies
		default:
			got = append(got, line)
		}
	}
}

func (w *world) want(what string, got, want []string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s with %s: got\n%q, want\n%q", what, w.config(), got, want)
	}
}

func pub(subject string) string { return "PUB " + subject + " 0\r\n" }

// publishes tries every subject.
func (w *world) publishes() {
	exchange(w.admin, "SUB > 1")
	var lines, refused, sent []string
	for _, l := range slices.Concat(literals, patterns) {
		lines = append(lines, pub(l))
		if w.publish(l) {
			sent = append(sent, fmt.Sprintf("MSG %s 1 0", l))
		} else {
			refused = append(refused, fmt.Sprintf("-ERR 'Permissions Violation for Publish to %q'", l))
		}
	}
	w.want("PUB", exchange(w.user, lines...), refused)
	w.want("what was published", exchange(w.admin, "UNSUB 1"), sent)
}

// subscribes tries every subject in every queue group, what comes by it, and answers that.
func (w *world) subscribes() {
	sid := 1
	for _, p := range slices.Concat(patterns, literals) {
		for _, q := range append([]string{""}, queues...) {
			sid++
			line, using := fmt.Sprintf("SUB %s %d", p, sid), ""
			if q != "" {
				line, using = fmt.Sprintf("SUB %s %s %d", p, q, sid), fmt.Sprintf(" using queue %q", q)
			}
			got := exchange(w.user, line)
			if !w.subscribe(p, q) {
				w.want(line, got, []string{fmt.Sprintf("-ERR 'Permissions Violation for Subscription to %q%s'", p, using)})
				continue
			}
			w.want(line, got, nil)
			w.delivers(p, q, sid)
		}
	}
}

// delivers sends a request to every subject while the user has the subscription. It answers once more than it may.
func (w *world) delivers(p, q string, sid int) {
	var lines, want, answers, refused, answered []string
	for _, l := range literals {
		reply := fmt.Sprintf("to.%s.%d", l, sid)
		lines = append(lines, fmt.Sprintf("PUB %s %s 0\r\n", l, reply))
		if !covers(p, l) || !w.deliver(l, q) {
			continue
		}
		want = append(want, fmt.Sprintf("MSG %s %d %s 0", l, sid, reply))
		for i := range w.answers + 1 {
			answers = append(answers, pub(reply))
			if i < w.answers || w.publish(reply) {
				answered = append(answered, fmt.Sprintf("MSG %s 1 0", reply))
			} else {
				refused = append(refused, fmt.Sprintf("-ERR 'Permissions Violation for Publish to %q'", reply))
			}
		}
	}
	what := fmt.Sprintf("SUB %s %s", p, q)
	exchange(w.admin, append(lines, "SUB to.> 1")...)
	w.want("what comes by "+what, exchange(w.user, fmt.Sprintf("UNSUB %d", sid)), want)
	w.want("answers to what comes by "+what, exchange(w.user, answers...), refused)
	w.want("answered", exchange(w.admin, "UNSUB 1"), answered)
}
