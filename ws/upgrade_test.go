package ws_test

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"weir/ws"
)

const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 §1.3

// request is a correct upgrade request with the given changes: "Name: value" sets, "+Name: value" adds, "-Name" removes.
func request(changes ...string) *http.Request {
	r := httptest.NewRequest("GET", "http://example.com/", nil)
	r.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Key": {sampleKey}, "Sec-Websocket-Version": {"13"},
	}
	for _, c := range changes {
		name, value, _ := strings.Cut(c, ": ")
		switch {
		case name == "Host":
			r.Host = value
		case strings.HasPrefix(name, "-"):
			r.Header.Del(name[1:])
		case strings.HasPrefix(name, "+"):
			r.Header.Add(name[1:], value)
		default:
			r.Header.Set(name, value)
		}
	}
	return r
}

func TestCheckUpgrade(t *testing.T) {
	long := strings.Repeat("A", 22)
	post := request("-Upgrade", "Host: ")
	post.Method = "POST"
	tests := []struct {
		name string
		r    *http.Request
		want *ws.UpgradeError
	}{
		{"plain", request(), nil},
		{"method first", post, ws.ErrMethod},
		{"no host", request("Host: ", "-Upgrade"), ws.ErrHostMissing},
		{"no upgrade", request("-Upgrade", "-Connection"), ws.ErrUpgradeHeader},
		{"other upgrade", request("Upgrade: h2c"), ws.ErrUpgradeHeader},
		{"upgrade list", request("Upgrade: h2c,\tWebSocket "), nil},
		{"upgrade on two lines", request("Upgrade: h2c", "+Upgrade: websocket"), nil},
		{"upgrade with version", request("Upgrade: websocket/13"), ws.ErrUpgradeHeader},
		{"no connection", request("-Connection", "-Sec-Websocket-Key"), ws.ErrConnectionHeader},
		{"connection list", request("Connection: keep-alive, UPGRADE"), nil},
		{"connection close", request("Connection: close"), ws.ErrConnectionHeader},
		{"no key", request("-Sec-Websocket-Key", "-Sec-Websocket-Version"), ws.ErrKeyMissing},
		{"empty key", request("Sec-Websocket-Key: "), ws.ErrKeyMissing},
		{"key not base64", request("Sec-Websocket-Key: !!!!IHNhbXBsZSBub25jZQ==", "-Sec-Websocket-Version"), ws.ErrKeyInvalid},
		{"key of 15 bytes", request("Sec-Websocket-Key: " + long[:20]), ws.ErrKeyInvalid},
		{"key of 17 bytes", request("Sec-Websocket-Key: " + long + "A="), ws.ErrKeyInvalid},
		{"key of 18 bytes", request("Sec-Websocket-Key: " + long + "AA"), ws.ErrKeyInvalid},
		{"key without padding", request("Sec-Websocket-Key: " + long), ws.ErrKeyInvalid},
		{"key in URL alphabet", request("Sec-Websocket-Key: _-" + long[2:] + "=="), ws.ErrKeyInvalid},
		{"key", request("Sec-Websocket-Key: +/" + long[2:] + "=="), nil},
		{"no version", request("-Sec-Websocket-Version"), ws.ErrVersion},
		{"version 8", request("Sec-Websocket-Version: 8", "Origin: null"), ws.ErrVersion},
		{"version 113", request("Sec-Websocket-Version: 113"), ws.ErrVersion},
		{"versions", request("Sec-Websocket-Version: 8, 13"), nil},
		{"origin", request("Origin: null"), ws.ErrOriginInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, bad := ws.CheckUpgrade(tt.r, &ws.UpgradePolicy{SameOrigin: true})
			if bad != tt.want || (u == nil) != (tt.want != nil) {
				t.Fatalf("got %v, %v, want %v", u, bad, tt.want)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	for _, tt := range []struct {
		e      *ws.UpgradeError
		status int
		body   string
	}{
		{ws.ErrMethod, 405, "Method Not Allowed\n"},
		{ws.ErrHostMissing, 400, "Bad Request\n"},
		{ws.ErrUpgradeHeader, 400, "Bad Request\n"},
		{ws.ErrConnectionHeader, 400, "Bad Request\n"},
		{ws.ErrKeyMissing, 400, "Bad Request\n"},
		{ws.ErrKeyInvalid, 400, "Bad Request\n"},
		{ws.ErrVersion, 400, "Bad Request\n"},
		{ws.ErrOriginInvalid, 403, "Forbidden\n"},
		{ws.ErrOriginNotSame, 403, "Forbidden\n"},
		{ws.ErrOriginNotAllowed, 403, "Forbidden\n"},
		// parity: 9.1.24
		{ws.ErrNotHijackable, 400, "Bad Request\n"},
		// parity: 9.1.22.12
		{ws.ErrHijack, 500, "Internal Server Error\n"},
		{ws.ErrEarlyBytes, 400, "Bad Request\n"},
		{&ws.UpgradeError{Status: 404, Reason: "no such path"}, 404, "Not Found\n"},
	} {
		w := httptest.NewRecorder()
		tt.e.Refuse(w)
		want := http.Header{
			"Content-Type": {"text/plain; charset=utf-8"}, "Sec-Websocket-Version": {"13"}, "X-Content-Type-Options": {"nosniff"},
		}
		got := w.Result().Header
		if w.Code != tt.status || w.Body.String() != tt.body || len(got) != len(want) {
			t.Errorf("%v: %d %q %v", tt.e, w.Code, w.Body, got)
		}
		for name := range want {
			if got.Get(name) != want.Get(name) {
				t.Errorf("%v: %s: %s", tt.e, name, got.Get(name))
			}
		}
	}
}

func TestAppendResponse(t *testing.T) {
	const (
		head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		deflate = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
		masking = "Nats-No-Masking: true\r\n"
		custom  = "Strict-Transport-Security: max-age=1\r\nX-A: 1\r\nX-B: 2\r\n"
		offer   = "Sec-Websocket-Extensions: permessage-deflate; client_max_window_bits"
		noMask  = "Nats-No-Masking: true"
	)
	all := &ws.UpgradePolicy{Compression: true, AllowNoMasking: true,
		Headers: ws.SortHeaders(map[string]string{"X-B": "2", "X-A": "1", "Strict-Transport-Security": "max-age=1"})}
	speaks := &ws.UpgradePolicy{Protocols: []string{"nats", "nats.v1"}}
	tests := []struct {
		name, protocol string
		r              *http.Request
		policy         *ws.UpgradePolicy
		want           string
	}{
		{"bare", "", request(), nil, head},
		{"nothing allowed", "", request(offer, noMask), &ws.UpgradePolicy{}, head},
		{"nothing asked", "", request(), all, head + custom},
		{"all", "mqtt", request(offer, noMask), all, head + deflate + masking + "Sec-Websocket-Protocol: mqtt\r\n" + custom},
		{"no-masking in capitals", "", request("Nats-No-Masking: TRUE"), all, head + custom},
		{"subprotocol that nobody speaks", "", request("Sec-Websocket-Protocol: nats"), nil, head},
		{"subprotocol", "", request("Sec-Websocket-Protocol: nats"), speaks, head + "Sec-Websocket-Protocol: nats\r\n"},
		{"subprotocol in a list", "", request("Sec-Websocket-Protocol: x , nats,y"), speaks, head + "Sec-Websocket-Protocol: nats\r\n"},
		{"subprotocol in another line", "", request("Sec-Websocket-Protocol: x", "+Sec-Websocket-Protocol: nats"), speaks,
			head + "Sec-Websocket-Protocol: nats\r\n"},
		{"our first subprotocol", "", request("Sec-Websocket-Protocol: nats.v1, nats"), speaks, head + "Sec-Websocket-Protocol: nats\r\n"},
		{"our second subprotocol", "", request("Sec-Websocket-Protocol: mqtt, nats.v1"), speaks, head + "Sec-Websocket-Protocol: nats.v1\r\n"},
		{"other subprotocols", "", request("Sec-Websocket-Protocol: NATS, natsx, , na ts"), speaks, head},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, bad := ws.CheckUpgrade(tt.r, tt.policy)
			if bad != nil {
				t.Fatal(bad)
			}
			if tt.protocol != "" {
				u.Protocol = tt.protocol
			}
			got := string(u.AppendResponse(nil))
			if want := tt.want + "\r\n"; got != want {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
			if u.Deflate != strings.Contains(got, deflate) || u.NoMasking != strings.Contains(got, masking) {
				t.Fatalf("%+v", u)
			}
		})
	}
}

func TestPolicyValidate(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		ok          bool
	}{
		{"X-Frame-Options", "DENY", true},
		{"Set-Cookie", "a=b; Path=/\t", true},
		{"Host", "x", false},
		{"content-length", "1", false},
		{"CONNECTION", "close", false},
		{"Upgrade", "h2c", false},
		{"Nats-No-Masking", "true", false},
		{"Sec-WebSocket-Accept", "x", false},
		{"sec-websocket-anything", "x", false},
		{"", "x", false},
		{"X A", "x", false},
		{"X:A", "x", false},
		{"X-A", "x\r\nSet-Cookie: y", false},
		{"X-A", "x\x00", false},
	} {
		p := ws.UpgradePolicy{Headers: []ws.HeaderField{{Name: "X-First", Value: ""}, {Name: tt.name, Value: tt.value}}}
		if err := p.Validate(); (err == nil) != tt.ok {
			t.Errorf("%q: %q: %v", tt.name, tt.value, err)
		}
	}
	for name, ok := range map[string]bool{"nats": true, "": false, "a b": false, "a,b": false} {
		if err := (&ws.UpgradePolicy{Protocols: []string{"nats", name}}).Validate(); (err == nil) != ok {
			t.Errorf("subprotocol %q: %v", name, err)
		}
	}
}

func FuzzCheckUpgrade(f *testing.F) {
	const tail = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + sampleKey + "\r\nSec-WebSocket-Version: 13\r\n"
	f.Add("GET / HTTP/1.1\r\nHost: a\r\n" + tail + "\r\n")
	f.Add("GET /x?y HTTP/1.1\r\nHost: a:80\r\nOrigin: http://a\r\nNats-No-Masking: true\r\n" + tail +
		"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15\r\n\r\n")
	f.Add("POST / HTTP/1.0\r\nOrigin: http://[::1\r\n\r\n")
	policy := &ws.UpgradePolicy{SameOrigin: true, Compression: true, AllowNoMasking: true}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		u, bad := ws.CheckUpgrade(r, policy)
		if (u == nil) == (bad == nil) {
			t.Fatalf("%v and %v", u, bad)
		}
		if bad != nil {
			if bad.Status < 400 || bad.Reason == "" {
				t.Fatalf("%+v", bad)
			}
			return
		}
		response := u.AppendResponse(nil)
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), r)
		if err != nil {
			t.Fatalf("%q: %v", response, err)
		}
		deflate, err := ws.CheckResponse(resp, r.Header.Get("Sec-Websocket-Key"), u.Deflate)
		if err != nil || deflate != u.Deflate || ws.NoMasking(resp.Header) != u.NoMasking {
			t.Fatalf("%q: %v", response, err)
		}
	})
}

func BenchmarkCheckUpgrade(b *testing.B) {
	r := request("Sec-Websocket-Extensions: permessage-deflate; client_max_window_bits", "Origin: http://example.com")
	policy := &ws.UpgradePolicy{SameOrigin: true, Compression: true}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		u, _ := ws.CheckUpgrade(r, policy)
		u.AppendResponse(buf)
	}
}

// What a client offers is a list of tokens, on any number of lines.
func TestSubprotocols(t *testing.T) {
	r := request("Sec-Websocket-Protocol: x , nats,,n a", "+Sec-Websocket-Protocol: \"q\",y")
	if got := slices.Collect(ws.Subprotocols(r.Header)); !slices.Equal(got, []string{"x", "nats", "y"}) {
		t.Errorf("got %q", got)
	}
	for first := range ws.Subprotocols(r.Header) {
		if first != "x" {
			t.Errorf("first %q", first)
		}
		break
	}
}
