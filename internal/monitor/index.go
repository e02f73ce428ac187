package monitor

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"time"
)

//go:embed index.html
var indexFile embed.FS

var indexPage = template.Must(template.ParseFS(indexFile, "index.html"))

// indexView is what the index page shows.
type indexView struct {
	Name, Version, Weir, Uptime string
	Figures                     []figure
	Pages                       []link
}

type figure struct {
	Name  string
	Value any
}

type link struct{ Href, Name, Text string }

// links is the pages that the index lists.
var links = []link{
	{"varz", "/varz", "Server, configuration and counters"},
	{"connz", "/connz", "Connections that are open"},
	{"connz?state=closed", "/connz?state=closed", "Connections that closed last, and why"},
	{"subsz", "/subsz", "Subscriptions and their cache"},
	{"accountz", "/accountz", "Accounts"},
	{"accstatz", "/accstatz", "Traffic of accounts"},
	{"routez", "/routez", "Routes to other servers"},
	{"leafz", "/leafz", "Leaf nodes"},
	{"gatewayz", "/gatewayz", "Gateways"},
	{"jsz", "/jsz", "JetStream"},
	{"healthz", "/healthz", "Is it ready for clients?"},
	{"stacksz", "/stacksz", "Stacks of all goroutines"},
	{"debug/vars", debugVars, "Memory of the process"},
}

// showIndex lists the pages. Its links are relative to where the browser found it, behind a proxy as well.
func (m *site) showIndex(w http.ResponseWriter) {
	v := m.Base()
	m.fillLoad(&v.Load)
	view := indexView{
		Name: v.Name, Version: v.Version, Weir: v.Weir, Uptime: uptime(time.Since(v.Start)),
		Figures: []figure{
			{"connections", v.Connections}, {"subscriptions", v.Subscriptions},
			{"messages in", v.InMsgs}, {"messages out", v.OutMsgs}, {"slow consumers", v.SlowConsumers},
		},
	}
	for _, l := range links {
		if m.base != "" {
			l.Href = path.Base(m.base) + "/" + l.Href
		}
		view.Pages = append(view.Pages, l)
	}
	var body bytes.Buffer
	if err := indexPage.Execute(&body, view); err != nil {
		m.Log.Error(fmt.Sprintf("Error making the index page: %v", err))
		refuse(w, http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(body.Bytes()) //nolint:errcheck // the client is gone
}
