package browser

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"weir/test/operator"
	"weir/test/process"
	"weir/test/stage"
)

// site is a web site with a login page: a form, and an HttpOnly cookie for each of cookies.
type site struct {
	cookies func(user, password string) map[string]string
}

var front = template.Must(template.New("").Parse(`<!doctype html><title>site</title><link rel="icon" href="data:,">
{{if .}}<p>Hello {{.}}</p>{{end}}
<form method="post" action="/login"><input name="user" id="user"><input name="password" id="password" type="password"><button>Log in</button></form>
<script>
	window.enter = async (server, protocols) => {
		try {
			const { wsconnect } = await import("/bundle/@nats-io/nats-core");
			const wsFactory = protocols && (async (url) => ({ socket: new WebSocket(url, protocols), encrypted: false }));
			const nc = await wsconnect({ servers: server, timeout: 20_000, maxReconnectAttempts: 0, wsFactory });
			const sub = nc.subscribe("greeting", { max: 1 });
			nc.publish("greeting", "hello");
			let heard = "nothing";
			for await (const m of sub) heard = m.string();
			await nc.close();
			return "heard " + heard;
		} catch (error) {
			return error.message;
		}
	};
</script>`))

// openSite serves the site, with the libraries of a stage.
func openSite(t *testing.T, target process.Target, s site) string {
	t.Helper()
	libraries, err := url.Parse(stage.Open(t, target).URL)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /bundle/", httputil.NewSingleHostReverseProxy(libraries))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_ = front.Execute(w, r.URL.Query().Get("user"))
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		user := r.FormValue("user")
		for name, value := range s.cookies(user, r.FormValue("password")) {
			http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		http.Redirect(w, r, "/?user="+url.QueryEscape(user), http.StatusSeeOther)
	})
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	return listener.URL
}

// login fills in the form and waits for the page behind it, which greets the user: it has to be another one than before.
func (p *page) login(user, password string) {
	p.t.Helper()
	p.fill("#user", user)
	p.fill("#password", password)
	p.click("button")
	p.wait("p", "Hello "+user)
}

// enter connects with nats.js in the page, and says what came of it.
func (p *page) enter(server *process.Server, protocols string) string {
	p.t.Helper()
	var outcome string
	p.evaluate(fmt.Sprintf("window.enter(%q, %s)", "ws://"+server.WebSocket, protocols), &outcome)
	return outcome
}

const (
	heard   = "heard hello"
	refused = "Authorization Violation"
)

// TestLoginCookies has a page that logs in at its own site, and comes in to NATS with the cookies that it got there and can
// not read itself.
func TestLoginCookies(t *testing.T) {
	browser(t)
	o := operator.New(t, nil)
	a := o.Account(nil)
	right, stranger := a.User(nil, operator.Bearer), operator.New(t, nil).Account(nil).User(nil, operator.Bearer)
	choose := func(password, right, wrong string) string {
		if password == "secret" {
			return right
		}
		return wrong
	}
	for _, row := range []struct {
		name, config, keys string
		cookies            func(user, password string) map[string]string
	}{
		{"jwt_cookie", o.Config(), "jwt_cookie: nats_jwt", func(_, password string) map[string]string {
			return map[string]string{"nats_jwt": choose(password, right.Token, stranger.Token)}
		}},
		{"token_cookie", "authorization { token: s3cr3t }", "token_cookie: nats_token", func(_, password string) map[string]string {
			return map[string]string{"nats_token": choose(password, "s3cr3t", "stale")}
		}},
		{"user_cookie and pass_cookie", "authorization { users: [ {user: ann, password: secret} ] }", "user_cookie: u\n  pass_cookie: p",
			func(user, password string) map[string]string { return map[string]string{"u": user, "p": password} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			process.Each(t, func(t *testing.T, target process.Target) {
				server := process.Start(t, target, process.Options{Config: row.config, WebSocket: row.keys})
				p := open(t, openSite(t, target, site{row.cookies}))
				if got := p.enter(server, "undefined"); got != refused {
					t.Errorf("before the login: %s", got)
				}
				p.login("eve", "wrong")
				if got := p.enter(server, "undefined"); got != refused {
					t.Errorf("with the wrong cookie: %s", got)
				}
				p.login("ann", "secret")
				if got := p.enter(server, "undefined"); got != heard {
					t.Errorf("after the login: %s", got)
				}
				var readable string
				if p.evaluate("document.cookie", &readable); readable != "" {
					t.Errorf("the page can read its cookies: %s", readable)
				}
			})
		})
	}
}

// TestLoginSubprotocol has a page that brings its token or its JWT in a subprotocol: the answer is nats where that was offered,
// so that the secret does not come back, and the offer itself where it was the only one.
func TestLoginSubprotocol(t *testing.T) {
	browser(t)
	process.OnWeir(t, func(t *testing.T) {
		o := operator.New(t, nil)
		user := o.Account(nil).User(nil, operator.Bearer)
		for name, row := range map[string]struct{ config, right, wrong, encoded string }{
			"token": {"authorization { token: s3cr3t }", "s3cr3t", "s3cr3", base64.RawURLEncoding.EncodeToString([]byte("s3cr3t"))},
			"JWT":   {o.Config(), user.Token, user.Token + "x", base64.RawURLEncoding.EncodeToString([]byte(user.Token))},
		} {
			t.Run(name, func(t *testing.T) {
				server := process.Start(t, process.Weir, process.Options{Config: row.config, WebSocket: "bearer_subprotocol: true"})
				p := open(t, openSite(t, process.Weir, site{}))
				for offers, want := range map[string]string{
					fmt.Sprintf(`["nats", "nats.bearer.%s"]`, row.right):     heard,
					fmt.Sprintf(`["nats.bearer.%s", "nats"]`, row.right):     heard,
					fmt.Sprintf(`["nats", "nats.bearer64.%s"]`, row.encoded): heard,
					fmt.Sprintf(`["nats.bearer.%s"]`, row.right):             heard,
					fmt.Sprintf(`["nats", "nats.bearer.%s"]`, row.wrong):     refused,
					`["nats"]`: refused,
				} {
					if got := p.enter(server, offers); got != want {
						t.Errorf("%s: %s, want %s", offers, got, want)
					}
				}
				var agreed string
				p.evaluate(fmt.Sprintf(`new Promise((resolve) => {
					const socket = new WebSocket("ws://%s", ["nats.bearer.%s", "nats"]);
					socket.onopen = () => resolve(socket.protocol);
					socket.onclose = () => resolve("closed");
				})`, server.WebSocket, row.right), &agreed)
				if agreed != "nats" {
					t.Errorf("agreed to %q", agreed)
				}
			})
		}
	})
}
