package transcripts

import (
	"reflect"
	"strings"
	"testing"

	"weir/test/process"
)

func TestParse(t *testing.T) {
	got, err := Parse("x", `# about it
over: tcp deflate@weir
only: weir
cut: every
args: --user a
config: a: 1
config: b: 2

S: INFO {json}
C: PING
C2: \x41\c
S2?: {close 1002 so what}
S~: maybe
S*: one
S:
R: a => b
R!: a b =>
`)
	want := Script{Name: "x", Over: []string{"tcp", "deflate@weir"}, Only: process.Weir, Cut: true,
		Args: []string{"--user", "a"}, Config: "a: 1\nb: 2\n", Steps: []Step{
			{Line: 9, Conn: 1, Text: "INFO {json}"},
			{Line: 10, Conn: 1, Send: true, Text: "PING"},
			{Line: 11, Conn: 2, Send: true, Text: `\x41\c`},
			{Line: 12, Conn: 2, Lossy: true, Text: "{close 1002 so what}"},
			{Line: 13, Conn: 1, Maybe: true, Text: "maybe"},
			{Line: 14, Conn: 1, Group: true, Text: "one"},
			{Line: 15, Conn: 1},
			{Line: 16, Reload: true, Text: "a => b"},
			{Line: 17, Reload: true, Refused: true, Text: "a b =>"},
		}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if over := got.transports(process.Stock); !reflect.DeepEqual(over, []string{"tcp"}) {
		t.Errorf("over %v against stock", over)
	}
	for _, text := range []string{"nonsense", "colour: red", "C: PING\nover: tcp", "X: PING", "R: a"} {
		if _, err := Parse("x", text); err == nil {
			t.Errorf("%q was read as a script", text)
		}
	}
}

func TestSent(t *testing.T) {
	for text, want := range map[string]string{
		"PING": "PING\r\n", `PI\c`: "PI", `a\r\nb\x00\\\c`: "a\r\nb\x00\\", `{3*a} {2*b}`: "aaa bb\r\n", "": "\r\n",
		`CONNECT {"a":1}`: "CONNECT {\"a\":1}\r\n", `{1000*z}\c`: strings.Repeat("z", 1000),
	} {
		if got := sent(text); got != want {
			t.Errorf("%q sends %q, want %q", text, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	rows := []struct {
		text, line string
		want       bool
	}{
		{"PONG", "PONG", true},
		{"PONG", "PONG ", false},
		{"PONG", "xPONG", false},
		{"MSG a {int} 2", "MSG a 17 2", true},
		{"MSG a {int} 2", "MSG a b 2", false},
		{"-ERR {any}", "-ERR 'x'", true},
		{"-ERR {any}", "+OK", false},
		{`a\xff.b`, "a\xff.b", true},
		{`a\xff.b`, "a\xfe.b", false},
		{"a.b", "axb", false},
		{"{3*z}", "zzz", true},
		{"{3*z}", "zz", false},
		{"INFO {json}", `INFO {"a":1} `, true},
		{"INFO {json}", `INFO {"a":`, false},
		{`INFO {json a=1 b="x" c=true d:array !e}`, `INFO {"a":1,"b":"x","c":true,"d":[]}`, true},
		{"INFO {json a=1}", `INFO {"a":2}`, false},
		{"INFO {json a=1}", `INFO {}`, false},
		{"INFO {json a:string}", `INFO {"a":1}`, false},
		{"INFO {json a:number}", `INFO {"a":1}`, true},
		{"INFO {json !a}", `INFO {"a":false}`, false},
	}
	for _, row := range rows {
		if err := (names{}).match(row.text, row.line); (err == nil) != row.want {
			t.Errorf("%q against %q: %v", row.text, row.line, err)
		}
	}
}

func TestNames(t *testing.T) {
	n := names{}
	if err := n.match("MSG a 1 {r=} {size=}", "MSG a 1 _R_.x 12"); err != nil {
		t.Fatal(err)
	}
	if want := (names{"r": "_R_.x", "size": "12"}); !reflect.DeepEqual(n, want) {
		t.Errorf("caught %v, want %v", n, want)
	}
	if got := n.fill("PUB {=r} {=size} {=none}"); got != "PUB _R_.x 12 {=none}" {
		t.Error(got)
	}
	for line, want := range map[string]bool{"+OK _R_.x": true, "+OK _R_xx": false} {
		if err := n.match("+OK {=r}", line); (err == nil) != want {
			t.Errorf("%s: %v", line, err)
		}
	}
	if n.match("{word=}", "two words") == nil {
		t.Error("two words are one")
	}
}

func TestParseEnding(t *testing.T) {
	for text, want := range map[string]*ending{
		"{close}":             {any: true},
		"{close 1000}":        {code: 1000},
		"{close 1002 a text}": {code: 1002, text: "a text"},
		"close":               nil,
		"{close x}":           nil,
	} {
		if got := parseEnding(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}
