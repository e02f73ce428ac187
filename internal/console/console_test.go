package console_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"weir/internal/console"
)

// files is every path that the handler has, with its type.
var files = map[string]string{
	"/":            "text/html; charset=utf-8",
	"/console.css": "text/css; charset=utf-8",
	"/console.js":  "text/javascript; charset=utf-8",
	"/dom.js":      "text/javascript; charset=utf-8",
	"/feed.js":     "text/javascript; charset=utf-8",
	"/meter.js":    "text/javascript; charset=utf-8",
	"/nats.js":     "text/javascript; charset=utf-8",
	"/payload.js":  "text/javascript; charset=utf-8",
	"/theme.js":    "text/javascript; charset=utf-8",
	"/icon.svg":    "image/svg+xml",
}

func do(t *testing.T, method, target string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for key, values := range header {
		r.Header[key] = values
	}
	w := httptest.NewRecorder()
	console.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, target string) string {
	t.Helper()
	b, err := io.ReadAll(do(t, "GET", target, nil).Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFiles(t *testing.T) {
	for target, contentType := range files {
		res := do(t, "GET", target, nil)
		content := body(t, target)
		if res.StatusCode != http.StatusOK || content == "" {
			t.Errorf("GET %s: status %d, %d bytes", target, res.StatusCode, len(content))
		}
		if got := res.Header.Get("Content-Type"); got != contentType {
			t.Errorf("GET %s: Content-Type %q, want %q", target, got, contentType)
		}
		if got := res.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("GET %s: Cache-Control %q", target, got)
		}
		head := do(t, "HEAD", target, nil)
		if b, _ := io.ReadAll(head.Body); head.StatusCode != http.StatusOK || len(b) != 0 {
			t.Errorf("HEAD %s: status %d, %d bytes", target, head.StatusCode, len(b))
		}
		if head.ContentLength != res.ContentLength || head.ContentLength != int64(len(content)) {
			t.Errorf("HEAD %s: length %d, GET says %d and has %d", target, head.ContentLength, res.ContentLength, len(content))
		}
	}
}

// The folder holds what the table above says, in files short enough to read.
func TestFolder(t *testing.T) {
	entries, err := os.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(files) {
		t.Errorf("%d files in page, %d in the table", len(entries), len(files))
	}
	for _, entry := range entries {
		target := "/" + strings.TrimSuffix(entry.Name(), "index.html")
		if _, ok := files[target]; !ok {
			t.Errorf("page/%s is not in the table", entry.Name())
		}
		if lines := strings.Count(body(t, target), "\n"); lines > 500 {
			t.Errorf("page/%s has %d lines", entry.Name(), lines)
		}
	}
}

func TestRevalidation(t *testing.T) {
	seen := map[string]string{}
	for target := range files {
		etag := do(t, "GET", target, nil).Header.Get("ETag")
		if len(etag) < 10 || etag[0] != '"' {
			t.Fatalf("GET %s: ETag %q", target, etag)
		}
		if other, ok := seen[etag]; ok {
			t.Errorf("%s and %s have the same ETag", target, other)
		}
		seen[etag] = target
		for _, known := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
			res := do(t, "GET", target, http.Header{"If-None-Match": {known}})
			if res.StatusCode != http.StatusNotModified || res.Header.Get("ETag") != etag {
				t.Errorf("GET %s with If-None-Match %s: status %d, ETag %q", target, known, res.StatusCode, res.Header.Get("ETag"))
			}
		}
		if res := do(t, "GET", target, http.Header{"If-None-Match": {`"other"`}}); res.StatusCode != http.StatusOK {
			t.Errorf("GET %s with another ETag: status %d", target, res.StatusCode)
		}
	}
}

func TestStatus(t *testing.T) {
	for _, test := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/?from=bookmark", 200},
		{"GET", "/index.html", 404},
		{"GET", "/page/index.html", 404},
		{"GET", "/nats.test.mjs", 404},
		{"GET", "/console.go", 404},
		{"GET", "/../console.go", 404},
		{"GET", "//", 404},
		{"GET", "/console.css/", 404},
		{"GET", "/favicon.ico", 404},
		{"GET", "/leafnode", 404},
		{"POST", "/nowhere", 404},
		{"POST", "/", 405},
		{"PUT", "/nats.js", 405},
		{"OPTIONS", "/", 405},
	} {
		res := do(t, test.method, "http://weir.test"+test.target, nil)
		if res.StatusCode != test.status {
			t.Errorf("%s %s: status %d, want %d", test.method, test.target, res.StatusCode, test.status)
		}
		if allow := res.Header.Get("Allow"); (test.status == 405) != (allow == "GET, HEAD") {
			t.Errorf("%s %s: Allow %q", test.method, test.target, allow)
		}
	}
}

// Every answer carries them, the refusals too.
func TestSecurityHeaders(t *testing.T) {
	for _, request := range []string{"GET /", "GET /nats.js", "GET /nowhere", "POST /"} {
		method, target, _ := strings.Cut(request, " ")
		header := do(t, method, target, nil).Header
		for key, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := header.Get(key); got != want {
				t.Errorf("%s: %s is %q, want %q", request, key, got, want)
			}
		}
		policy := strings.Split(header.Get("Content-Security-Policy"), "; ")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self' ws: wss:",
			"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
		} {
			if !slices.Contains(policy, want) {
				t.Errorf("%s: the policy %q has no %q", request, policy, want)
			}
		}
		if strings.Contains(header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: the policy allows something unsafe: %q", request, policy)
		}
	}
}

// What a file refers to exists, and nothing that exists is referred to by nobody.
func TestReferences(t *testing.T) {
	reference := regexp.MustCompile(`(?:src|href)="([^"#][^"]*)"|from "\./([^"]+)"|url\(([^)]+)\)`)
	used := map[string]bool{"/": true}
	for target := range files {
		for _, match := range reference.FindAllStringSubmatch(body(t, target), -1) {
			name := match[1] + match[2] + match[3]
			used["/"+name] = true
			if _, ok := files["/"+name]; !ok {
				t.Errorf("%s refers to %s, which is not served", target, name)
			}
		}
	}
	for target := range files {
		if !used[target] {
			t.Errorf("nothing refers to %s", target)
		}
	}
}

// The content security policy would stop these at run time; a sink for markup would only be noticed with trusted types.
func TestNothingInlineNothingForeign(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"inline script":     regexp.MustCompile(`(?i)<script(?:[^>]*[^>/])?>[^<]`),
		"inline style":      regexp.MustCompile(`(?i)<style|\sstyle=`),
		"inline event":      regexp.MustCompile(`(?i)<[^>]*\son[a-z]+=`),
		"sink for markup":   regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function`),
		"address of others": regexp.MustCompile(`https?://[^ "]`),
		"store":             regexp.MustCompile(`sessionStorage|indexedDB|document\.cookie|caches\.`),
	}
	for target := range files {
		content := body(t, target)
		if target == "/icon.svg" {
			content = strings.ReplaceAll(content, `xmlns="http://www.w3.org/2000/svg"`, "")
			content = strings.ReplaceAll(content, "<style>", "") // an image of its own, which the page's policy does not reach
		}
		for name, pattern := range forbidden {
			if found := pattern.FindString(content); found != "" {
				t.Errorf("%s has this %s: %s", target, name, found)
			}
		}
		if strings.Count(content, "localStorage.") != strings.Count(content, `Item("weir-theme"`) {
			t.Errorf("%s stores more than the theme", target)
		}
	}
}

// Tests that drive the page find its parts by these ids.
func TestHooks(t *testing.T) {
	page := body(t, "/")
	for _, id := range []string{
		"url", "connect", "state", "sub-subject", "sub-queue", "subscribe", "subs", "pub-subject", "pub-payload",
		"pub-headers", "publish", "req-subject", "req-payload", "request", "reply", "messages", "rate-in", "rate-out",
		"error",
	} {
		if strings.Count(page, ` id="`+id+`"`) != 1 {
			t.Errorf("the page has no single #%s", id)
		}
	}
}

// Every id that a script asks for is on the page, once; every control has a name that can be read aloud.
func TestIdsAndLabels(t *testing.T) {
	page := body(t, "/")
	ids := map[string]int{}
	for _, match := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		ids[match[1]]++
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("#%s is there %d times", id, n)
		}
	}
	for target := range files {
		for _, match := range regexp.MustCompile(`\$\("([^"]+)"\)`).FindAllStringSubmatch(body(t, target), -1) {
			if ids[match[1]] == 0 {
				t.Errorf("%s asks for #%s, which is not on the page", target, match[1])
			}
		}
	}
	for _, match := range regexp.MustCompile(`<(?:input|textarea)([^>]*)>`).FindAllStringSubmatch(page, -1) {
		if strings.Contains(match[1], `type="radio"`) {
			continue // inside its label
		}
		id := regexp.MustCompile(` id="([^"]+)"`).FindStringSubmatch(match[1])
		if id == nil || !strings.Contains(page, `<label for="`+id[1]+`"`) {
			t.Errorf("a control has no label: %s", match[0])
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	handler := console.Handler()
	done := make(chan int)
	for range 8 {
		go func() {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", "/nats.js", nil))
			done <- w.Code
		}()
	}
	for range 8 {
		if code := <-done; code != http.StatusOK {
			t.Errorf("status %d", code)
		}
	}
}
