package proto_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"weir/internal/proto"
)

// TestConnectParity holds which CONNECT lines the reference takes. For those that it does not, it closes silently.
func TestConnectParity(t *testing.T) {
	for _, row := range []struct {
		line string
		err  error
	}{
		{`{}`, nil},
		{`null`, nil},
		{`{"verbose":true}`, nil},
		{`{"VERBOSE":false,"Pedantic":false}`, nil},
		{`{"import":null}`, nil},
		{`{"unknown":[1,{"a":2}]}`, nil},
		{``, proto.ErrBadJSON},
		{`{bad`, proto.ErrBadJSON},
		{`{} x`, proto.ErrBadJSON},
		{`[]`, proto.ErrBadJSON},
		{`{"verbose":"x"}`, proto.ErrBadJSON},
		{`{"verbose":1}`, proto.ErrBadJSON},
		{`{"import":5}`, proto.ErrBadJSON},
	} {
		c, err := proto.ParseConnect([]byte(row.line))
		if err != row.err {
			t.Errorf("%q: %v, want %v", row.line, err, row.err)
		}
		if err != nil && !reflect.DeepEqual(c, proto.Connect{}) {
			t.Errorf("%q: an error and %+v", row.line, c)
		}
	}
}

// TestConnectDefaults: before a CONNECT, and with an empty one, the reference answered +OK and complained of subjects.
func TestConnectDefaults(t *testing.T) {
	c, err := proto.ParseConnect([]byte(`{}`))
	if err != nil || !reflect.DeepEqual(c, proto.DefaultConnect()) {
		t.Fatalf("%v %+v", err, c)
	}
	if !c.Verbose || !c.Pedantic || !c.Echo || c.Headers || c.NoResponders || c.Protocol != 0 {
		t.Fatalf("%+v", c)
	}
}

func TestConnectFields(t *testing.T) {
	const line = `{"echo":false,"verbose":false,"pedantic":false,"tls_required":true,"nkey":"U","jwt":"J","sig":"S",` +
		`"auth_token":"T","user":"u","pass":"p","name":"n","lang":"go","version":"1.2","protocol":1,"account":"A",` +
		`"new_account":true,"headers":true,"no_responders":true,"import":{"allow":["a"]},"export":{"deny":["b"]},` +
		`"remote_account":"R","proxy_sig":"PS"}`
	want := proto.Connect{
		TLSRequired: true, NKey: "U", JWT: "J", Sig: "S", Token: "T", User: "u", Pass: "p", Name: "n", Lang: "go",
		Version: "1.2", Protocol: 1, Account: "A", NewAccount: true, Headers: true, NoResponders: true,
		Import: &proto.SubjectPermission{Allow: []string{"a"}}, Export: &proto.SubjectPermission{Deny: []string{"b"}},
		RemoteAccount: "R", ProxySig: "PS",
	}
	got, err := proto.ParseConnect([]byte(line))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if wire := string(proto.AppendConnect(nil, &got)); wire != "CONNECT "+line+"\r\n" {
		t.Fatalf("%q", wire)
	}
}

// TestSecondConnect: the reference kept headers:true of the first CONNECT when the second named verbose alone.
func TestSecondConnect(t *testing.T) {
	c, err := proto.ParseConnect([]byte(`{"verbose":false,"headers":true,"user":"u"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Merge([]byte(`{"verbose":true}`)); err != nil || !c.Verbose || !c.Headers || c.User != "u" {
		t.Fatalf("%v %+v", err, c)
	}
	before := c
	if err := c.Merge([]byte(`{"user":"other","verbose":"x"}`)); err != proto.ErrBadJSON || !reflect.DeepEqual(c, before) {
		t.Fatalf("%v %+v", err, c)
	}
}

func TestNoSecretsInErrorsAndTraces(t *testing.T) {
	const secret = "hush"
	for _, row := range []struct{ line, want string }{
		{`{"user":"u","pass":"hush","verbose":false}`, `{"pass":"[REDACTED]","user":"u","verbose":false}`},
		{`{"auth_token":"hush","sig":"hush","nkey":"hush"}`,
			`{"auth_token":"[REDACTED]","nkey":"[REDACTED]","sig":"[REDACTED]"}`},
		{`{"jwt":"hush","proxy_sig":"hush"}`, `{"jwt":"[REDACTED]","proxy_sig":"[REDACTED]"}`},
		{`{"PASS":"hush"}`, `{"PASS":"[REDACTED]"}`},
		{`{"p\u0061ss":"hush"}`, `{"pass":"[REDACTED]"}`},
		{`{"pa\u017fs":"hush"}`, "{\"pa\u017fs\":\"[REDACTED]\"}"},
		{`{"password":["hush"]}`, `{"password":"[REDACTED]"}`},
		{`{"pass":5.5,"name":"s"}`, `{"name":"s","pass":"[REDACTED]"}`},
		{`{"pass":"hush"`, `"[REDACTED]"`},
		{`hush`, `"[REDACTED]"`},
		{`{"verbose":"hush"}x`, `"[REDACTED]"`},
		{``, `"[REDACTED]"`},
	} {
		got := string(proto.AppendRedacted([]byte("x"), []byte(row.line)))
		if got != "x"+row.want {
			t.Errorf("%s: %s, want %s", row.line, got, row.want)
		}
		if _, err := proto.ParseConnect([]byte(row.line)); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", row.line, err)
		}
	}
}

// FuzzConnectAsJSON: a CONNECT is read as encoding/json reads it, whatever it starts from.
func FuzzConnectAsJSON(f *testing.F) {
	for _, line := range []string{
		`{"verbose":false,"pedantic":false,"tls_required":false,"name":"a b","lang":"go","version":"1.52.0","protocol":1,"echo":true,"headers":true,"no_responders":true}`,
		`{"user":"u","pass":"p","auth_token":"t","nkey":"U","sig":"S","jwt":"J"}`,
		" { \"protocol\" : 1 ,\t\"echo\":\r\nfalse } ", `{}`, `{ }x`, `{"echo":true,}`, `{"echo":true "name":""}`, `{,}`, `{"echo"}`,
		`{"name":"a","name":"b","Name":"c"}`, `{"name":null,"echo":null,"protocol":null}`, `{"name":"\u0041"}`, `{"name":"\""}`,
		"{\"name\":\"\x7f\xff\x1f\"}", `{"protocol":10}`, `{"protocol":01}`, `{"protocol":-1}`, `{"protocol":1.0}`, `{"protocol":1e0}`, `{"protocol":"1"}`,
		`{"echo":truefalse}`, `{"echo":TRUE}`, `{"echo":"true"}`, `{"x":1}`, `{"import":{"allow":["a"]}}`, `{"name":"`, `{"name"`, `[`, ``,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		want := proto.Connect{User: "before", Headers: true, Protocol: 7}
		got := want
		if json.Unmarshal(line, &want) != nil {
			if err := got.Merge(line); err != proto.ErrBadJSON || got.User != "before" || !got.Headers || got.Protocol != 7 {
				t.Fatalf("%v %+v", err, got)
			}
			return
		}
		if err := got.Merge(line); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
		}
	})
}

// FuzzConnect: whatever is read can be written and read again, and a secret that is read does not come out of the trace.
func FuzzConnect(f *testing.F) {
	f.Add([]byte(`{"user":"u","pass":"a-long-one","p\u0061ss":"another-long-one","headers":true}`))
	f.Add([]byte(`{"PaSS":"a-long-one","Auth_Token":"another-long-one"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := proto.ParseConnect(line)
		if err != nil {
			return
		}
		wire := proto.AppendConnect(nil, &c)
		again, err := proto.ParseConnect(wire[len("CONNECT "):])
		if second := proto.AppendConnect(nil, &again); err != nil || !bytes.Equal(second, wire) {
			t.Fatalf("%v\n got %s\nwant %s", err, second, wire)
		}
		trace := string(proto.AppendRedacted(nil, line))
		for name, secret := range map[string]string{"pass": c.Pass, "token": c.Token, "sig": c.Sig, "jwt": c.JWT} {
			// A long secret that stands once in a line without escapes can not come from another field.
			once := strings.Count(string(line), secret) == 1 && !bytes.ContainsRune(line, '\\')
			if len(secret) > 8 && once && strings.Contains(trace, secret) {
				t.Fatalf("%s %q is in %s", name, secret, trace)
			}
		}
	})
}
