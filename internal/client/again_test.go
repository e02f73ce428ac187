package client_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/perm"
)

// A message to the subject of the one before it is treated like any other: what happens between them counts.
func TestTheSameSubjectAgain(t *testing.T) {
	answering := &perm.Config{
		Publish: allow("ask.*", "a"), Responses: &perm.Responses{MaxMsgs: 2},
	}
	for _, row := range []struct {
		name, options string
		send, want    []string
	}{
		{"somebody subscribes", "",
			[]string{"PUB a 1\r\n1", "SUB a 9", "PUB a 1\r\n2", "PUB a 1\r\n3"}, []string{"MSG a 9 1", "2", "MSG a 9 1", "3"}},
		{"and leaves", "",
			[]string{"SUB a 9", "PUB a 1\r\n1", "PUB a 1\r\n2", "UNSUB 9", "PUB a 1\r\n3", "PUB a 1\r\n4"}, []string{"MSG a 9 1", "1", "MSG a 9 1", "2"}},
		{"after some messages", "",
			[]string{"SUB a 9", "UNSUB 9 2", "PUB a 1\r\n1", "PUB a 1\r\n2", "PUB a 1\r\n3"}, []string{"MSG a 9 1", "1", "MSG a 9 1", "2"}},
		{"other subjects between", "",
			[]string{"SUB a 9", "PUB a 1\r\n1", "PUB b 1\r\n2", "PUB a 1\r\n3", "PUB aa 1\r\n4", "PUB a 1\r\n5"},
			[]string{"MSG a 9 1", "1", "MSG a 9 1", "3", "MSG a 9 1", "5"}},
		{"headers and replies between", `,"headers":true`,
			[]string{"SUB a 9", "PUB a 1\r\n1", "HPUB a 12 13\r\nNATS/1.0\r\n\r\n2", "PUB a r 1\r\n3", "PUB a 1\r\n4"},
			[]string{"MSG a 9 1", "1", "HMSG a 9 12 13", "NATS/1.0", "", "2", "MSG a 9 r 1", "3", "MSG a 9 1", "4"}},
		{"nobody answers", `,"headers":true,"no_responders":true`,
			[]string{"SUB in 9", "PUB a in 1\r\n1", "PUB a in 1\r\n2", "PUB in 1\r\n3", "SUB a 8", "PUB a in 1\r\n4"},
			[]string{"HMSG in 9 33 33", "NATS/1.0 503", "Nats-Subject: a", "", "", "HMSG in 9 33 33", "NATS/1.0 503", "Nats-Subject: a", "", "",
				"MSG in 9 1", "3", "MSG a 8 in 1", "4"}},
		{"not valid", `,"pedantic":true`,
			[]string{"PUB a..b 1\r\n1", "PUB a..b 1\r\n2", "PUB a 1\r\n3", "PUB a..b 1\r\n4"},
			[]string{"-ERR 'Invalid Publish Subject'", "-ERR 'Invalid Publish Subject'", "-ERR 'Invalid Publish Subject'"}},
		{"reserved", "",
			[]string{"PUB $GR.a 1\r\n1", "PUB $GR.a 1\r\n2"},
			[]string{`-ERR 'Permissions Violation for Publish to "$GR.a"'`, `-ERR 'Permissions Violation for Publish to "$GR.a"'`}},
		{"reserved reply", "",
			[]string{"PUB a 1\r\n1", "PUB a _R_.x 1\r\n2", "PUB a _R_.x 1\r\n3", "SUB a 9", "PUB a 1\r\n4"},
			[]string{`-ERR 'Permissions Violation for Publish with Reply of "_R_.x"'`,
				`-ERR 'Permissions Violation for Publish with Reply of "_R_.x"'`, "MSG a 9 1", "4"}},
		{"reserved reply of another subject", "",
			[]string{"SUB a 9", "PUB a 1\r\n1", "PUB b _R_.x 1\r\n2", "PUB b 1\r\n3", "PUB a 1\r\n4"},
			[]string{"MSG a 9 1", "1", `-ERR 'Permissions Violation for Publish with Reply of "_R_.x"'`, "MSG a 9 1", "4"}},
		{"another CONNECT", "",
			[]string{"PUB a..b 1\r\n1", `CONNECT {"verbose":false,"pedantic":true}`, "PUB a..b 1\r\n2"},
			[]string{"-ERR 'Invalid Publish Subject'"}},
		{"not allowed", "",
			[]string{"PUB b 1\r\n1", "PUB b 1\r\n2", "PUB a 1\r\n3", "PUB b 1\r\n4"},
			[]string{`-ERR 'Permissions Violation for Publish to "b"'`, `-ERR 'Permissions Violation for Publish to "b"'`,
				`-ERR 'Permissions Violation for Publish to "b"'`}},
		{"answers are counted", "",
			[]string{"SUB ask.* 9", "PUB ask.me to.a 1\r\n?", "PUB to.a 1\r\n1", "PUB to.a 1\r\n2", "PUB to.a 1\r\n3"},
			[]string{"MSG ask.me 9 to.a 1", "?", `-ERR 'Permissions Violation for Publish to "to.a"'`}},
	} {
		for _, together := range []bool{true, false} {
			name := row.name + ", one by one"
			if together {
				name = row.name + ", in one chunk"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := (&house{timeout: time.Second}).start(t)
					options := row.options
					if row.name == "not allowed" || row.name == "answers are counted" {
						h.setAuth(users(map[string]*perm.Config{"a": answering}))
						options = `,"user":"a","pass":"p"`
					}
					p := h.connect(options)
					script := append(row.send, "PING")
					if together {
						script = []string{strings.Join(script, "\r\n")}
					}
					go func() {
						for _, s := range script {
							p.nc.Write([]byte(s + "\r\n"))
						}
					}()
					p.want(append(row.want, "PONG")...)
				})
			})
		}
	}
}

// Messages in a row stay in front of whatever follows them.
func TestMessagesInARow(t *testing.T) {
	for _, row := range []struct {
		name       string
		send, want []string
	}{
		{"a PING between",
			[]string{"SUB a 9", "PUB a 1\r\n1", "PUB a 1\r\n2", "PING", "PUB a 1\r\n3", "PUB a 1\r\n4"},
			[]string{"MSG a 9 1", "1", "MSG a 9 1", "2", "PONG", "MSG a 9 1", "3", "MSG a 9 1", "4"}},
		{"another length",
			[]string{"SUB a 9", "PUB a 1\r\n1", "PUB a 1\r\n2", "PUB a 2\r\n33", "PUB a 2\r\n44", "PUB a 0\r\n", "PUB a 1\r\n6"},
			[]string{"MSG a 9 1", "1", "MSG a 9 1", "2", "MSG a 9 2", "33", "MSG a 9 2", "44", "MSG a 9 0", "", "MSG a 9 1", "6"}},
		{"two subscriptions",
			[]string{"SUB a 9", "SUB * 8", "PUB a 1\r\n1", "PUB a 1\r\n2"},
			[]string{"MSG a 9 1", "1", "MSG a 8 1", "1", "MSG a 9 1", "2", "MSG a 8 1", "2"}},
		{"verbose",
			[]string{`CONNECT {"verbose":true,"pedantic":false}`, "SUB a 9", "PUB a 1\r\n1", "PUB a 1\r\n2", "PUB a 1\r\n3"},
			[]string{"+OK", "+OK", "+OK", "MSG a 9 1", "1", "+OK", "MSG a 9 1", "2", "+OK", "MSG a 9 1", "3"}},
		{"something wrong behind",
			[]string{"SUB a 9", "PUB a 1\r\n1", "PUB a 1\r\n2", "PUB a 1\r\n3", "NONSENSE"},
			[]string{"MSG a 9 1", "1", "MSG a 9 1", "2", "MSG a 9 1", "3", "-ERR 'Unknown Protocol Operation'"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := new(house).start(t).connect("")
				go p.nc.Write([]byte(strings.Join(row.send, "\r\n") + "\r\n"))
				p.want(row.want...)
			})
		})
	}
}

// A body that came in pieces and that nobody wanted makes room for the next one; one that somebody has stays what it is.
func TestBodiesThatNobodyWants(t *testing.T) {
	h := new(house).start(t)
	from, to := h.connect(""), h.connect("")
	to.send("SUB yes 1\r\nPING\r\n")
	to.want("PONG")
	const size = 6000 // more than a read of the pipe takes
	go func() {
		for i := range 20 {
			body := strings.Repeat(string(rune('a'+i)), size)
			from.nc.Write([]byte("PUB no 6000\r\n" + body + "\r\nPUB yes 6000\r\n" + body + "\r\nPUB no 6000\r\n" + body + "\r\n"))
		}
	}()
	for i := range 20 {
		to.want("MSG yes 1 6000", strings.Repeat(string(rune('a'+i)), size))
	}
}
