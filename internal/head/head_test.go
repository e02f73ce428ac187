package head_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"weir/internal/head"
)

// request is a head with more lines.
func request(first string, lines ...string) string {
	return first + "\r\nHost: example.test:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		strings.Join(append(lines, "\r\n"), "\r\n")
}

const get = "GET / HTTP/1.1"

var heads = []struct {
	name, text string
	want       head.Verdict
}{
	{"plain", request(get), head.Upgrade},
	{"of a browser", request("GET /a/b?token=x%20y HTTP/1.1", "Pragmatic: no", "sec-websocket-KEY: dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Version: 13", "Origin: https://example.test", "Cookie: a=b; c=\"d\"", "Cookie: e=f", "Accept-Encoding: gzip, br"), head.Upgrade},
	{"pragma", request(get, "Pragma: no-cache"), head.Upgrade},
	{"names in lower case", "GET / HTTP/1.1\r\nhost: a\r\nupgrade: x\r\n\r\n", head.Upgrade},
	{"no space, much space", "GET / HTTP/1.1\r\nHost:a\r\nUpgrade: \t x \t \r\nEmpty:\r\n\r\n", head.Upgrade},
	{"other letters in a value", request(get, "X: b\xc3\xbccher \xff"), head.Upgrade},
	{"dots and a second slash", request("GET //a/../b/%2e HTTP/1.1"), head.Upgrade},
	{"early bytes", request(get) + "\x82\x00", head.Upgrade},
	{"as many fields as may be", request(get, strings.TrimSuffix(strings.Repeat("X: y\r\n", 61), "\r\n")), head.Upgrade},

	{"nothing", "", head.More},
	{"a line without end", strings.Repeat("x", 10_000), head.More},
	{"no end", strings.TrimSuffix(request(get), "\r\n"), head.More},
	{"no LF", strings.TrimSuffix(request(get), "\n"), head.More},

	{"another method", "POST / HTTP/1.1\r\n", head.Other},
	{"method in lower case", "get / HTTP/1.1\r\n", head.Other},
	{"HTTP/1.0", "GET / HTTP/1.0\r\n", head.Other},
	{"HTTP/2", "PRI * HTTP/2.0\r\n", head.Other},
	{"NATS", "CONNECT {}\r\n", head.Other},
	{"an empty line first", "\r\n", head.Other},
	{"a lone LF first", "\n", head.Other},
	{"LF only", strings.ReplaceAll(request(get), "\r\n", "\n"), head.Other},
	{"absolute form", "GET http://a/ HTTP/1.1\r\n", head.Other},
	{"asterisk form", "GET * HTTP/1.1\r\n", head.Other},
	{"no target", "GET  HTTP/1.1\r\n", head.Other},
	{"space in the target", "GET /a b HTTP/1.1\r\n", head.Other},
	{"tab in the target", "GET /a\tb HTTP/1.1\r\n", head.Other},
	{"bad escape in the target", request("GET /%zz HTTP/1.1"), head.Other},
	{"other letters in the target", "GET /\xc3\xbc HTTP/1.1\r\n", head.Other},
	{"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n", head.Other},
	{"continued line", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n", head.Other},
	{"no name", "GET / HTTP/1.1\r\n: a\r\n", head.Other},
	{"no colon", "GET / HTTP/1.1\r\nHost\r\n", head.Other},
	{"other letters in a name", "GET / HTTP/1.1\r\nH\xc3\xb6st: a\r\n", head.Other},
	{"NUL in a value", "GET / HTTP/1.1\r\nX: \x00\r\n", head.Other},
	{"CR in a value", "GET / HTTP/1.1\r\nX: a\rb\r\n", head.Other},
	{"no upgrade", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", head.Other},
	{"empty upgrade", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade:\r\n\r\n", head.Other},
	{"no host", "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n", head.Other},
	{"empty host", "GET / HTTP/1.1\r\nHost:\r\nUpgrade: x\r\n\r\n", head.Other},
	{"two hosts", request(get, "Host: b"), head.Other},
	{"odd host", "GET / HTTP/1.1\r\nHost: a/b\r\nUpgrade: x\r\n\r\n", head.Other},
	{"body", request(get, "Content-Length: 1"), head.Other},
	{"chunks", request(get, "Transfer-Encoding: chunked"), head.Other},
	{"expect", request(get, "expect: 100-continue"), head.Other},
	{"too many fields", request(get, strings.TrimSuffix(strings.Repeat("X: y\r\n", 62), "\r\n")), head.Other},
}

func TestHeads(t *testing.T) {
	for _, row := range heads {
		t.Run(row.name, func(t *testing.T) {
			var r head.Reader
			if v, _ := r.Read([]byte(row.text)); v != row.want {
				t.Errorf("verdict %d, want %d", v, row.want)
			}
		})
	}
}

// judged is a verdict with all that goes with it.
type judged struct {
	verdict      head.Verdict
	size         int
	path, uri    string
	host, header string
}

func judge(r *head.Reader, v head.Verdict, size int) judged {
	if v != head.Upgrade {
		return judged{verdict: v}
	}
	return judged{v, size, r.Request.URL.String(), r.Request.RequestURI, r.Request.Host, written(r.Request.Header)}
}

// written is h in the order of names.
func written(h http.Header) string {
	var b bytes.Buffer
	h.Write(&b)
	return b.String()
}

// agree fails if net/http does not read b as r has.
func agree(t *testing.T, r *head.Reader, b []byte, size int) {
	t.Helper()
	in := bufio.NewReaderSize(bytes.NewReader(b), len(b)+1)
	want, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("net/http: %v", err)
	}
	rest, _ := io.ReadAll(in)
	got := &r.Request
	if len(rest) != len(b)-size || got.Method != want.Method || got.Host != want.Host || got.RequestURI != want.RequestURI ||
		*got.URL != *want.URL || got.Proto != want.Proto || !got.ProtoAtLeast(1, 1) || want.ContentLength != 0 || len(want.TransferEncoding) > 0 {
		t.Fatalf("\n got %+v\nwant %+v, %d bytes left of %d", got, want, len(rest), len(b))
	}
	if _, ours := got.Header["Cache-Control"]; !ours && got.Header["Pragma"] != nil {
		delete(want.Header, "Cache-Control") // net/http makes one of Pragma
	}
	if !reflect.DeepEqual(got.Header, want.Header) {
		t.Fatalf("\n got %q\nwant %q", got.Header, want.Header)
	}
}

// FuzzHead: any cut of the bytes gives the same verdict and the same request, which is the one that net/http reads; and a
// Reader that is used again remembers nothing.
func FuzzHead(f *testing.F) {
	for _, row := range heads {
		f.Add([]byte(row.text), byte(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, step byte) {
		var r head.Reader
		b := bytes.Clone(text)
		v, size := r.Read(b)
		whole := judge(&r, v, size)
		if v == head.Upgrade {
			agree(t, &r, text, size)
		}
		if !bytes.EqualFold(b, text) {
			t.Fatalf("%q became %q", text, b)
		}
		r.Reset()
		b = bytes.Clone(text)
		var parts judged
		for n := 0; parts.verdict == head.More && n < len(b); {
			n = min(n+int(step)%64+1, len(b))
			v, size := r.Read(b[:n])
			parts = judge(&r, v, size)
		}
		if parts != whole {
			t.Fatalf("in parts\n got %+v\nwant %+v", parts, whole)
		}
	})
}

// A head costs one piece of memory, its text, and two more where the target is not plain.
func TestAllocations(t *testing.T) {
	for target, most := range map[string]float64{"/": 1, "/a?b": 2} {
		b := []byte(request("GET "+target+" HTTP/1.1", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Origin: http://a"))
		var r head.Reader
		if n := testing.AllocsPerRun(100, func() {
			r.Reset()
			if v, _ := r.Read(b); v != head.Upgrade {
				t.Fatal(v)
			}
		}); n > most {
			t.Errorf("%s: %v allocations, want %v", target, n, most)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	text := []byte(request(get, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Origin: http://a"))
	var r head.Reader
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		r.Read(text)
	}
}

// BenchmarkReadHTTP is the same head read by net/http.
func BenchmarkReadHTTP(b *testing.B) {
	text := []byte(request(get, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Origin: http://a"))
	in := bytes.NewReader(text)
	buf := bufio.NewReader(in)
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(text)
		buf.Reset(in)
		if _, err := http.ReadRequest(buf); err != nil {
			b.Fatal(err)
		}
	}
}
