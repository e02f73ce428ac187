package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"time"
)

//go:embed page
var page embed.FS

// contentSecurityPolicy lets the page load its own files and open WebSockets to any server its user names, and nothing
// else: no inline script or style, no frame around it, and no text that becomes markup (trusted types without a
// policy).
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// asset is one file of the page as it is served.
type asset struct {
	body        []byte
	contentType string
	etag        string
}

// Handler returns a handler that serves the page at "/" and its files beside it: GET and HEAD, with an ETag that is
// revalidated on each load (RFC 9110 §8.8.3), so that a page never runs with the files of another version. Any other
// path is 404, any other method on a path it has is 405. It may be used by many goroutines.
func Handler() http.Handler {
	assets := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		a, ok := assets[r.URL.Path]
		if !ok {
			http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		header.Set("Cache-Control", "no-cache")
		header.Set("Content-Type", a.contentType)
		header.Set("ETag", a.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
	})
}

// load returns the files of the page by the path of their URL.
func load() map[string]asset {
	entries, err := page.ReadDir("page")
	if err != nil {
		panic("console: " + err.Error()) // cannot happen: the folder is in the binary
	}
	assets := make(map[string]asset, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		body, err := page.ReadFile("page/" + name)
		if err != nil {
			panic("console: " + err.Error()) // cannot happen: the file is in the binary
		}
		sum := sha256.Sum256(body)
		urlPath := "/" + name
		if name == "index.html" {
			urlPath = "/"
		}
		assets[urlPath] = asset{
			body:        body,
			contentType: contentType(path.Ext(name)),
			etag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		}
	}
	return assets
}

// contentType is a table of our own and not package mime, whose answer depends on the machine's files: with nosniff a
// browser refuses a module of an unexpected type.
func contentType(ext string) string {
	switch ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "application/octet-stream"
	}
}
