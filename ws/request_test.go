package ws_test

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"

	"weir/ws"
)

func TestAppendRequest(t *testing.T) {
	header := http.Header{
		"User-Agent": {"test"}, "Cookie": {"a=b", "c=d"}, "Nats-No-Masking": {"true"}, "Sec-Websocket-Protocol": {"mqtt"},
		"X-Split": {"a\r\nX-Evil: b"},
		// none of these is sent
		"Host": {"evil"}, "connection": {"close"}, "Sec-Websocket-Key": {"x"}, "Transfer-Encoding": {"chunked"},
		"Content-Length": {"5"}, "Bad Name": {"x"},
	}
	got := string(ws.AppendRequest(nil, "hub.example:443", "/base/leafnode?a=b", sampleKey, header, true))
	want := "GET /base/leafnode?a=b HTTP/1.1\r\nHost: hub.example:443\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + sampleKey + "\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n" +
		"Cookie: a=b\r\nCookie: c=d\r\nNats-No-Masking: true\r\nSec-Websocket-Protocol: mqtt\r\nUser-Agent: test\r\n" +
		"X-Split: a  X-Evil: b\r\n\r\n"
	if got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCheckResponse(t *testing.T) {
	const ext = "Sec-Websocket-Extensions"
	tests := []struct {
		name    string
		status  int
		offered bool
		set     []string // header, value
		deflate bool
		want    error
	}{
		{"plain", 101, false, nil, false, nil},
		{"offered, not answered", 101, true, nil, false, nil},
		{"status", 200, false, nil, false, ws.ErrResponseStatus},
		{"redirect", 302, false, nil, false, ws.ErrResponseStatus},
		{"no upgrade", 101, false, []string{"Upgrade", ""}, false, ws.ErrResponseUpgrade},
		{"upgrade in other case", 101, false, []string{"Upgrade", "WebSocket"}, false, nil},
		{"no connection", 101, false, []string{"Connection", "close"}, false, ws.ErrResponseConnection},
		{"connection list", 101, false, []string{"Connection", "keep-alive, upgrade"}, false, nil},
		{"accept", 101, false, []string{"Sec-Websocket-Accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, false, ws.ErrResponseAccept},
		{"agreed", 101, true, []string{ext, answer}, true, nil},
		{"agreed with window", 101, true, []string{ext, answer15}, true, nil},
		{"server flag only", 101, true, []string{ext, "permessage-deflate; server_no_context_takeover"}, true, nil},
		{"server keeps its window", 101, true, []string{ext, "permessage-deflate; client_no_context_takeover"}, false, ws.ErrResponseExtensions},
		{"our window limited", 101, true, []string{ext, answer + "; client_max_window_bits=15"}, false, ws.ErrResponseExtensions},
		{"window without value", 101, true, []string{ext, answer + "; server_max_window_bits"}, false, ws.ErrResponseExtensions},
		{"unknown parameter", 101, true, []string{ext, answer + "; x"}, false, ws.ErrResponseExtensions},
		{"not offered", 101, false, []string{ext, answer}, false, ws.ErrResponseExtensions},
		{"other extension", 101, true, []string{ext, "foo"}, false, ws.ErrResponseExtensions},
		{"twice", 101, true, []string{ext, answer + ", " + answer}, false, ws.ErrResponseExtensions},
		{"broken", 101, true, []string{ext, answer + ";"}, false, ws.ErrResponseExtensions},
		{"empty list", 101, true, []string{ext, ""}, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := &http.Response{StatusCode: tt.status, Header: http.Header{
				"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
			}}
			if len(tt.set) > 0 {
				resp.Header.Set(tt.set[0], tt.set[1])
			}
			deflate, err := ws.CheckResponse(resp, sampleKey, tt.offered)
			if deflate != tt.deflate || err != tt.want {
				t.Fatalf("got %t, %v, want %t, %v", deflate, err, tt.deflate, tt.want)
			}
		})
	}
}

// What one role writes, the other accepts.
func TestHandshake(t *testing.T) {
	for _, deflate := range []bool{false, true} {
		key := ws.NewKey()
		raw := ws.AppendRequest(nil, "hub.example", "", key, http.Header{"Nats-No-Masking": {"true"}}, deflate)
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatal(err)
		}
		u, bad := ws.CheckUpgrade(r, &ws.UpgradePolicy{Compression: true, AllowNoMasking: true})
		if bad != nil || r.URL.Path != "/" {
			t.Fatal(bad, r.URL)
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(u.AppendResponse(nil))), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ws.CheckResponse(resp, key, deflate)
		if err != nil || got != deflate || u.Deflate != deflate || !ws.NoMasking(resp.Header) {
			t.Fatalf("deflate %t: got %t, %v", deflate, got, err)
		}
	}
	if ws.NewKey() == ws.NewKey() {
		t.Fatal("two keys are the same")
	}
}

// Whatever the arguments hold, the result is one request, and a correct upgrade.
func FuzzAppendRequest(f *testing.F) {
	f.Add("a", "/", "X-A", "v")
	f.Add("a\r\nX: y", "/ HTTP/1.1\r\nHost: b\r\n\r\nGET /", "X\r\nY", "v\r\n\r\nGET / HTTP/1.1")
	f.Add("", "é%zz", "Sec-Websocket-Key", "\x00")
	f.Fuzz(func(t *testing.T, host, path, name, value string) {
		raw := ws.AppendRequest(nil, host, path, sampleKey, http.Header{name: {value}}, true)
		if n := bytes.Index(raw, []byte("\r\n\r\n")); n != len(raw)-4 {
			t.Fatalf("%q ends at %d", raw, n)
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return // a wrong escape in path, or a host that is none: the caller's to know
		}
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			t.Fatalf("%q has a body", raw)
		}
		if _, bad := ws.CheckUpgrade(r, nil); bad != nil && bad != ws.ErrHostMissing {
			t.Fatalf("%q: %v", raw, bad)
		}
	})
}
