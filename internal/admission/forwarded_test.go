package admission_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"weir/internal/admission"
)

// proxies is a set of trusted proxies; header is as for ParseProxies.
func proxies(t testing.TB, header string, list ...string) *admission.Proxies {
	t.Helper()
	p, err := admission.ParseProxies(list, header)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// headers makes a header of "Name: value" lines.
func headers(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

const proxy = "10.0.0.1:4000"

func TestClient(t *testing.T) {
	list := []string{"10.0.0.0/8", "192.168.1.1", "2001:db8:ffff::/48", "unix"}
	for _, row := range []struct {
		name, peer, header string // header is as for ParseProxies
		lines              []string
		want               string
	}{
		{"nothing told", proxy, "", nil, proxy},
		{"stranger", "198.51.100.1:1", "", []string{"X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4", "X-Real-IP: 1.2.3.4"}, "198.51.100.1:1"},
		{"Unix socket", "", "", []string{"X-Forwarded-For: 1.2.3.4"}, "1.2.3.4:0"},
		{"mapped peer", "[::ffff:10.0.0.1]:1", "", []string{"X-Forwarded-For: 1.2.3.4"}, "1.2.3.4:0"},
		{"peer in IPv6", "[2001:db8:ffff::1]:1", "", []string{"X-Forwarded-For: 1.2.3.4"}, "1.2.3.4:0"},
		{"peer as one address", "192.168.1.1:1", "", []string{"X-Forwarded-For: 1.2.3.4"}, "1.2.3.4:0"},

		{"one hop", proxy, "", []string{"X-Forwarded-For: 1.2.3.4"}, "1.2.3.4:0"},
		{"port", proxy, "", []string{"X-Forwarded-For: 1.2.3.4:567"}, "1.2.3.4:567"},
		{"IPv6", proxy, "", []string{"X-Forwarded-For: 2001:db8::1"}, "[2001:db8::1]:0"},
		{"IPv6 in brackets", proxy, "", []string{"X-Forwarded-For: [2001:db8::1]"}, "[2001:db8::1]:0"},
		{"IPv6 and port", proxy, "", []string{"X-Forwarded-For: [2001:db8::1]:567"}, "[2001:db8::1]:567"},
		{"mapped", proxy, "", []string{"X-Forwarded-For: ::ffff:1.2.3.4"}, "1.2.3.4:0"},
		{"proxies between", proxy, "", []string{"X-Forwarded-For: 1.2.3.4, 10.0.0.3 ,\t192.168.1.1"}, "1.2.3.4:0"},
		{"forged on the left", proxy, "", []string{"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.3"}, "1.2.3.4:0"},
		{"forged proxy on the left", proxy, "", []string{"X-Forwarded-For: 10.0.0.9, 1.2.3.4"}, "1.2.3.4:0"},
		{"several lines", proxy, "", []string{"X-Forwarded-For: 6.6.6.6, 1.2.3.4", "X-Forwarded-For: 10.0.0.3", "X-Forwarded-For: "}, "1.2.3.4:0"},
		{"empty elements", proxy, "", []string{"X-Forwarded-For: , ,1.2.3.4, ,"}, "1.2.3.4:0"},
		{"all trusted", proxy, "", []string{"X-Forwarded-For: 10.0.0.4, 10.0.0.3"}, "10.0.0.4:0"},
		{"unknown", proxy, "", []string{"X-Forwarded-For: unknown"}, proxy},
		{"unknown behind a proxy", proxy, "", []string{"X-Forwarded-For: 1.2.3.4, unknown, 10.0.0.3"}, "10.0.0.3:0"},
		{"zone", proxy, "", []string{"X-Forwarded-For: fe80::1%eth0"}, proxy},
		{"unspecified", proxy, "", []string{"X-Forwarded-For: 0.0.0.0"}, proxy},
		{"no port after the colon", proxy, "", []string{"X-Forwarded-For: 1.2.3.4:"}, proxy},
		{"bad port", proxy, "", []string{"X-Forwarded-For: 1.2.3.4:65536"}, proxy},
		{"open bracket", proxy, "", []string{"X-Forwarded-For: [2001:db8::1"}, proxy},
		{"bytes after the bracket", proxy, "", []string{"X-Forwarded-For: [2001:db8::1]x"}, proxy},
		{"IPv4 in brackets", proxy, "", []string{"X-Forwarded-For: [1.2.3.4]"}, proxy},
		{"too many hops", proxy, "", []string{"X-Forwarded-For: 1.2.3.4" + strings.Repeat(", 10.0.0.7", 40)}, "10.0.0.7:0"},

		{"Forwarded", proxy, "", []string{"Forwarded: for=1.2.3.4"}, "1.2.3.4:0"},
		{"Forwarded in full", proxy, "", []string{`Forwarded: proto=https ; For="[2001:db8::1]:567";by=10.0.0.1`}, "[2001:db8::1]:567"},
		{"Forwarded, proxies between", proxy, "", []string{"Forwarded: for=6.6.6.6, for=1.2.3.4", `Forwarded: for="10.0.0.2:80"`}, "1.2.3.4:0"},
		{"Forwarded, port obfuscated", proxy, "", []string{`Forwarded: for="1.2.3.4:_x"`}, "1.2.3.4:0"},
		{"Forwarded, obfuscated", proxy, "", []string{"Forwarded: for=1.2.3.4, for=_hidden"}, proxy},
		{"Forwarded, unknown", proxy, "", []string{"Forwarded: for=unknown"}, proxy},
		{"Forwarded, without for", proxy, "", []string{"Forwarded: proto=https;by=10.0.0.1"}, proxy},
		{"Forwarded, empty element", proxy, "", []string{"Forwarded: for=1.2.3.4,"}, proxy},
		{"Forwarded, two in one", proxy, "", []string{"Forwarded: for=1.2.3.4;for=5.6.7.8"}, proxy},
		{"Forwarded, quote left open", proxy, "", []string{`Forwarded: for="6.6.6.6, for=1.2.3.4`}, "1.2.3.4:0"},

		{"X-Real-IP", proxy, "", []string{"X-Real-IP: 1.2.3.4"}, "1.2.3.4:0"},
		{"X-Real-IP twice", proxy, "", []string{"X-Real-IP: 1.2.3.4", "X-Real-IP: 5.6.7.8"}, proxy},
		{"X-Forwarded-For first", proxy, "", []string{"Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6", "X-Forwarded-For: 1.2.3.4"}, "1.2.3.4:0"},
		{"Forwarded second", proxy, "", []string{"X-Real-IP: 6.6.6.6", "Forwarded: for=1.2.3.4"}, "1.2.3.4:0"},
		{"only the one that is named", proxy, "cf-connecting-ip", []string{"X-Forwarded-For: 6.6.6.6", "CF-Connecting-IP: 1.2.3.4"}, "1.2.3.4:0"},
		{"the one that is named is missing", proxy, "Forwarded", []string{"X-Forwarded-For: 6.6.6.6"}, proxy},
	} {
		t.Run(row.name, func(t *testing.T) {
			peer, _ := netip.ParseAddrPort(row.peer)
			got := proxies(t, row.header, list...).Client(peer, headers(row.lines...))
			if got.String() != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
	peer := netip.MustParseAddrPort(proxy)
	if got := (*admission.Proxies)(nil).Client(peer, headers("X-Forwarded-For: 1.2.3.4")); got != peer {
		t.Errorf("nobody is trusted, but %s is believed", got)
	}
}

func TestOriginal(t *testing.T) {
	for _, row := range []struct {
		name, peer string
		tls        bool
		lines      []string
		host       string
		secure     bool
	}{
		{"nothing told", proxy, false, nil, "inner", false},
		{"nothing told, with TLS", proxy, true, nil, "inner", true},
		{"stranger", "198.51.100.1:1", false, []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: evil"}, "inner", false},
		{"scheme", proxy, false, []string{"X-Forwarded-Proto: https"}, "inner", true},
		{"scheme of WebSocket", proxy, false, []string{"X-Forwarded-Proto: WSS"}, "inner", true},
		{"TLS only behind the proxy", proxy, true, []string{"X-Forwarded-Proto: http"}, "inner", false},
		{"scheme unknown", proxy, true, []string{"X-Forwarded-Proto: gopher"}, "inner", true},
		{"host", proxy, false, []string{"X-Forwarded-Host: app.example:8443"}, "app.example:8443", false},
		{"host with other bytes", proxy, false, []string{"X-Forwarded-Host: app.example/x"}, "inner", false},
		{"host too long", proxy, false, []string{"X-Forwarded-Host: " + strings.Repeat("a", 300)}, "inner", false},
		{"two proxies add", proxy, false, []string{
			"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.2", "X-Forwarded-Proto: ftp, https, http", "X-Forwarded-Host: evil, outer, middle",
		}, "outer", true},
		{"two proxies, one tells", proxy, false, []string{
			"X-Forwarded-For: 1.2.3.4, 10.0.0.2", "X-Forwarded-Proto: https", "X-Forwarded-Host: outer",
		}, "outer", true},
		{"Forwarded", proxy, false, []string{
			`Forwarded: for=6.6.6.6;host=evil;proto=http, for=1.2.3.4;host="outer:443";proto=https, for=10.0.0.2;host=middle;proto=http`,
			"X-Forwarded-Proto: http", "X-Forwarded-Host: evil",
		}, "outer:443", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &http.Request{Host: "inner", Header: headers(row.lines...)}
			if row.tls {
				r.TLS = &tls.ConnectionState{}
			}
			got, _ := proxies(t, "", "10.0.0.0/8").Original(netip.MustParseAddrPort(row.peer), r)
			if got.Host != row.host || (got.TLS != nil) != row.secure {
				t.Errorf("host %s, secure %v; want %s, %v", got.Host, got.TLS != nil, row.host, row.secure)
			}
			if r.Host != "inner" || (r.TLS != nil) != row.tls {
				t.Error("the request itself was changed")
			}
		})
	}
}

func TestParseProxies(t *testing.T) {
	for _, bad := range []string{"", "10.0.0.0/33", "10.0.0", "proxy.example", "fe80::1%eth0", "fe80::%eth0/64", "Unix"} {
		if _, err := admission.ParseProxies([]string{"10.0.0.0/8", bad}, ""); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	p := proxies(t, "", "10.1.2.3/8", "::ffff:192.168.0.0/112", "fe80::/10", "::/0")
	for text, want := range map[string]bool{
		"10.9.9.9": true, "192.168.5.6": true, "192.169.5.6": false, "::ffff:192.168.5.6": true, "fe80::1%eth0": true, "2001:db8::1": true,
	} {
		if got := p.Trusts(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if p.Trusts(netip.Addr{}) {
		t.Error("a peer without an address is trusted")
	}
}

func TestClientAllocations(t *testing.T) {
	p := proxies(t, "", "10.0.0.0/8")
	peer := netip.MustParseAddrPort(proxy)
	h := headers("X-Forwarded-For: 6.6.6.6, 1.2.3.4:80, 10.0.0.3")
	if n := testing.AllocsPerRun(100, func() { p.Client(peer, h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever a client sends in front, the address that the trusted proxy has added is the one that counts.
func FuzzXForwardedFor(f *testing.F) {
	for _, seed := range []string{"", "1.2.3.4", "[::1", `"`, ",,,", "10.0.0.1, unknown", "a\tb:c,[x]:1"} {
		f.Add(seed, seed)
	}
	p := proxies(f, "", "10.0.0.0/8")
	peer := netip.MustParseAddrPort(proxy)
	f.Fuzz(func(t *testing.T, forged, line string) {
		for _, h := range []http.Header{
			{"X-Forwarded-For": {line, forged + ",203.0.113.7"}},
			{"X-Forwarded-For": {line, forged, "203.0.113.7, 10.0.0.9"}},
			{"Forwarded": {line, forged + ",for=203.0.113.7;proto=https"}},
			{"Forwarded": {line, forged, `for="203.0.113.7:80", for="10.0.0.9"`}},
		} {
			if got := p.Client(peer, h); got.Addr().String() != "203.0.113.7" {
				t.Errorf("%v: %s", h, got)
			}
		}
		for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip"} {
			got := p.Client(peer, http.Header{name: {line, forged}})
			if !got.IsValid() || got.Addr().Zone() != "" || got.Addr().Is4In6() {
				t.Errorf("%s %q, %q: %s", name, line, forged, got)
			}
			if stranger := netip.MustParseAddrPort("198.51.100.1:1"); p.Client(stranger, http.Header{name: {line}}) != stranger {
				t.Errorf("%s %q: a stranger was believed", name, line)
			}
		}
	})
}

func FuzzOriginal(f *testing.F) {
	f.Add("https", "app.example", `for=1.2.3.4;proto=https;host="a:1"`)
	f.Add(",", "a b", `for="`)
	p := proxies(f, "", "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, proto, host, forwarded string) {
		r := &http.Request{Host: "inner", Header: http.Header{
			"X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}, "Forwarded": {forwarded},
		}}
		for range 2 {
			got, _ := p.Original(netip.MustParseAddrPort(proxy), r)
			if got.Host == "" || strings.ContainsAny(got.Host, " \t\r\n/\"\\,;@%") {
				t.Errorf("host %q", got.Host)
			}
			delete(r.Header, "Forwarded")
		}
	})
}
