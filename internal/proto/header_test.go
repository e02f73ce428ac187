package proto_test

import (
	"testing"

	"weir/internal/proto"
)

// TestNoResponders holds the bytes that the reference sent for PUB nobody.here rep.1, to the subscription rep.* with sid 7.
func TestNoResponders(t *testing.T) {
	const want = "HMSG rep.1 7 43 43\r\nNATS/1.0 503\r\nNats-Subject: nobody.here\r\n\r\n\r\n"
	got := proto.AppendNoResponders(nil, []byte("rep.1"), []byte("7"), []byte("nobody.here"))
	if string(got) != want {
		t.Fatalf("%q, want %q", got, want)
	}
	p := proto.NewParser(proto.RoleClient)
	var a proto.Args
	if rest, err := p.Next(got, &free, &a); err != nil || len(rest) != 0 || len(a.Payload()) != 0 {
		t.Fatalf("%v, %q", err, rest)
	}
	if code, text := proto.Status(a.Header()); code != 503 || len(text) != 0 || !proto.ValidHeader(a.Header()) {
		t.Fatalf("status %d %q", code, text)
	}
	if v := proto.Get(a.Header(), "Nats-Subject"); string(v) != "nobody.here" {
		t.Fatalf("subject %q", v)
	}
}

func TestStatus(t *testing.T) {
	for _, row := range []struct {
		header string
		code   int
		text   string
	}{
		{"NATS/1.0\r\n\r\n", 0, ""},
		{"NATS/1.0 503\r\n\r\n", 503, ""},
		{"NATS/1.0 503 \r\n\r\n", 503, ""},
		{"NATS/1.0 408 Request Timeout\r\nA: b\r\n\r\n", 408, "Request Timeout"},
		{"NATS/1.0 100  Idle Heartbeat \r\n\r\n", 100, "Idle Heartbeat"},
		{"NATS/1.0 5033\r\n\r\n", 0, ""},
		{"NATS/1.0 50\r\n\r\n", 0, ""},
		{"NATS/1.0 5x3\r\n\r\n", 0, ""},
		{"NATS/1.0 204", 204, ""},
		{"HTTP/1.1 503\r\n\r\n", 0, ""},
		{"", 0, ""},
	} {
		code, text := proto.Status([]byte(row.header))
		if code != row.code || string(text) != row.text {
			t.Errorf("%q: %d %q", row.header, code, text)
		}
	}
	for want, got := range map[string][]byte{
		"NATS/1.0 503\r\n\r\n":                  proto.AppendStatus(nil, 503, ""),
		"xNATS/1.0 408 Request Timeout\r\n\r\n": proto.AppendStatus([]byte("x"), 408, "Request Timeout"),
	} {
		if string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestGet(t *testing.T) {
	const h = "NATS/1.0 100 A: status\r\nA: one\r\nAB:two\r\nA: three\r\nEmpty:\r\nSpaces:   x  y \r\na: lower\r\n" +
		"V: AB: no\r\nL: x\nNo: smuggled\r\nColon: a:b\r\n\r\n"
	for key, want := range map[string]string{
		"A": "one", "AB": "two", "Spaces": "x  y ", "a": "lower", "Colon": "a:b", "L": "x\nNo: smuggled", "V": "AB: no",
	} {
		if got := proto.Get([]byte(h), key); string(got) != want || len(got) != cap(got) {
			t.Errorf("%s: %q with capacity %d, want %q", key, got, cap(got), want)
		}
	}
	if got := proto.Get([]byte(h), "Empty"); got == nil || len(got) != 0 {
		t.Errorf("Empty: %q", got)
	}
	for _, key := range []string{"B", "No", "NATS/1.0 100 A", "Colo", "ab"} {
		if got := proto.Get([]byte(h), key); got != nil {
			t.Errorf("%s: %q", key, got)
		}
	}
	for _, h := range []string{"", "A: b", "\r\n", "NATS/1.0\r\n\r\n", "NATS/1.0\r\nA", "NATS/1.0\r\nA b\r\n\r\n"} {
		if got := proto.Get([]byte(h), "A"); got != nil {
			t.Errorf("%q: %q", h, got)
		}
	}
	if got := proto.Get([]byte("NATS/1.0\r\nA: cut"), "A"); string(got) != "cut" {
		t.Errorf("a value without its line end: %q", got)
	}
}

func TestValidHeader(t *testing.T) {
	for h, want := range map[string]bool{
		"NATS/1.0\r\n\r\n":         true,
		"NATS/1.0\r\nA: b\r\n\r\n": true,
		"NATS/1.0 503\r\n\r\n":     true,
		"NATS/1.0\r\n":             false,
		"NATS/1.0":                 false,
		"NATS/1.01\r\n\r\n":        false,
		"nats/1.0\r\n\r\n":         false,
		"X\r\n\r\n":                false,
		"":                         false,
	} {
		if got := proto.ValidHeader([]byte(h)); got != want {
			t.Errorf("%q: %v", h, got)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("NATS/1.0 503 x\r\nA: b\r\n\r\n"), "A")
	f.Add([]byte("\r\n\r\nA:"), "")
	f.Fuzz(func(t *testing.T, h []byte, key string) {
		if v := proto.Get(h, key); len(v) > len(h) {
			t.Fatal("a value from nowhere")
		}
		if code, _ := proto.Status(h); code < 0 || code > 999 {
			t.Fatalf("code %d", code)
		}
		proto.ValidHeader(h)
	})
}

func TestSetHeader(t *testing.T) {
	for _, c := range []struct{ header, want string }{
		{"", "NATS/1.0\r\nK: v\r\n\r\n"},
		{"NATS/1.0\r\nA: b\r\n\r\n", "NATS/1.0\r\nA: b\r\nK: v\r\n\r\n"},
		{"NATS/1.0\r\nK: old\r\nA: b\r\nK: older\r\n\r\n", "NATS/1.0\r\nA: b\r\nK: v\r\n\r\n"},
		{"NATS/1.0 503 gone\r\nKK: x\r\n\r\n", "NATS/1.0 503 gone\r\nKK: x\r\nK: v\r\n\r\n"},
		// What readers that are not strict take for the key.
		{"NATS/1.0\r\nA: b\nK: forged\r\n\r\n", "NATS/1.0\r\nA: b\r\nK: v\r\n\r\n"},
		{"NATS/1.0\r\nk: 1\r\n K: 2\r\nK : 3\r\n\tK\t: 4\r\n\r\n", "NATS/1.0\r\nK: v\r\n\r\n"},
		{"NATS/1.0\r\nA: K: x\r\n\r\n", "NATS/1.0\r\nA: K: x\r\nK: v\r\n\r\n"},
		// What is no header becomes one.
		{"K: forged\r\n\r\n", "NATS/1.0\r\nK: v\r\n\r\n"},
		{"garbage", "NATS/1.0\r\ngarbage\r\nK: v\r\n\r\n"},
		{"\n\n\n", "NATS/1.0\r\nK: v\r\n\r\n"},
	} {
		if got := string(proto.SetHeader(nil, []byte(c.header), "K", []byte("v"))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.header, got, c.want)
		}
	}
}
