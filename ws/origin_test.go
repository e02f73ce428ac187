package ws_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"weir/ws"
)

func TestOriginPolicy(t *testing.T) {
	secure := func(r *http.Request) *http.Request {
		r.TLS = &tls.ConnectionState{}
		return r
	}
	same := ws.UpgradePolicy{SameOrigin: true}
	listed := ws.UpgradePolicy{AllowedOrigins: origins(t, "http://app.example", "https://App.Example:8443/path", "https://secure.example")}
	both := ws.UpgradePolicy{SameOrigin: true, AllowedOrigins: listed.AllowedOrigins}
	tests := []struct {
		name   string
		r      *http.Request
		policy ws.UpgradePolicy
		want   *ws.UpgradeError
	}{
		{"off", request("Origin: null"), ws.UpgradePolicy{}, nil},
		{"absent", request(), both, nil},
		{"empty, and old name", request("Origin: ", "Sec-Websocket-Origin: http://other"), same, ws.ErrOriginNotSame},
		{"old name", request("Sec-Websocket-Origin: http://other"), same, ws.ErrOriginNotSame},
		{"null", request("Origin: null"), same, ws.ErrOriginInvalid},
		{"garbage", request("Origin: @@@://x"), same, ws.ErrOriginInvalid},
		{"two ports", request("Origin: http://a:b:1"), same, ws.ErrOriginInvalid},
		{"path only", request("Origin: /x"), same, ws.ErrOriginNotSame},

		{"same", request("Origin: http://example.com"), same, nil},
		{"same, case and path", request("Origin: HTTP://EXAMPLE.com/some/page"), same, nil},
		{"same, explicit port in origin", request("Origin: http://example.com:80"), same, nil},
		{"same, explicit port in host", request("Host: example.com:80", "Origin: http://example.com"), same, nil},
		{"same, empty port in host", request("Host: example.com:", "Origin: http://example.com"), same, nil},
		{"same, other port", request("Host: example.com:8080", "Origin: http://example.com"), same, ws.ErrOriginNotSame},
		{"same, other port in both", request("Host: example.com:8080", "Origin: http://example.com:8080"), same, nil},
		{"same, trailing dot", request("Origin: http://example.com."), same, ws.ErrOriginNotSame},
		{"same, subdomain", request("Origin: http://a.example.com"), same, ws.ErrOriginNotSame},
		{"same, https without TLS", request("Origin: https://example.com:80"), same, ws.ErrOriginNotSame},
		{"same, TLS", secure(request("Origin: https://example.com")), same, nil},
		{"same, TLS and port", secure(request("Host: example.com:443", "Origin: https://example.com")), same, nil},
		{"same, http with TLS", secure(request("Origin: http://example.com:443")), same, ws.ErrOriginNotSame},
		{"same, host that can not be divided", request("Host: a:b:c", "Origin: http://a"), same, ws.ErrOriginNotSame},
		{"same, IPv6", request("Host: [::1]:80", "Origin: http://[::1]"), same, nil},
		{"same, IPv6 and port", request("Host: [::1]:8080", "Origin: http://[::1]:8080"), same, nil},
		{"same, other IPv6", request("Host: [::1]", "Origin: http://[::2]"), same, ws.ErrOriginNotSame},

		{"listed", request("Origin: http://app.example"), listed, nil},
		{"listed, port and path", request("Origin: http://APP.example:80/x"), listed, nil},
		{"listed, second of a host", request("Origin: https://app.example:8443"), listed, nil},
		{"listed, default TLS port", request("Origin: https://secure.example:443"), listed, nil},
		{"listed, other scheme", request("Origin: http://secure.example:443"), listed, ws.ErrOriginNotAllowed},
		{"listed, other port", request("Origin: https://app.example"), listed, ws.ErrOriginNotAllowed},
		{"listed, other host", request("Origin: http://b.app.example"), listed, ws.ErrOriginNotAllowed},

		{"both", request("Host: app.example", "Origin: http://app.example"), both, nil},
		{"both, not same", request("Origin: http://app.example"), both, ws.ErrOriginNotSame},
		{"both, not listed", request("Origin: http://example.com"), both, ws.ErrOriginNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, bad := ws.CheckUpgrade(tt.r, &tt.policy); bad != tt.want {
				t.Fatalf("got %v, want %v", bad, tt.want)
			}
		})
	}
}

// What the reference's policy does not know.
func TestOriginPolicyBeyond(t *testing.T) {
	wild := ws.UpgradePolicy{AllowedOrigins: origins(t, "https://*.example.org", "null")}
	needed := ws.UpgradePolicy{OriginRequired: true}
	loopback := ws.UpgradePolicy{LoopbackOrigins: true}
	for _, tt := range []struct {
		name   string
		r      *http.Request
		policy ws.UpgradePolicy
		want   *ws.UpgradeError
	}{
		{"wildcard", request("Origin: https://a.example.org"), wild, nil},
		{"wildcard, deep", request("Origin: https://a.b.example.org"), wild, nil},
		{"wildcard, not the host itself", request("Origin: https://example.org"), wild, ws.ErrOriginNotAllowed},
		{"wildcard, other scheme", request("Origin: http://a.example.org"), wild, ws.ErrOriginNotAllowed},
		{"wildcard, other port", request("Origin: https://a.example.org:8443"), wild, ws.ErrOriginNotAllowed},
		{"wildcard, name that ends the same", request("Origin: https://badexample.org"), wild, ws.ErrOriginNotAllowed},
		{"null allowed", request("Origin: null"), wild, nil},
		{"required, absent", request(), needed, ws.ErrOriginMissing},
		{"required, any", request("Origin: https://anywhere.example"), needed, nil},

		{"loopback", request("Origin: http://127.0.0.1:3000"), loopback, nil},
		{"loopback, name", request("Origin: http://localhost:8080"), loopback, nil},
		{"loopback, name below", request("Origin: https://app.localhost"), loopback, nil},
		{"loopback, IPv6", request("Origin: http://[::1]:5173"), loopback, nil},
		{"loopback, another site", request("Origin: https://example.com"), loopback, ws.ErrOriginNotLoopback},
		{"loopback, a name that looks like it", request("Origin: http://127.0.0.1.example.com"), loopback, ws.ErrOriginNotLoopback},
		{"loopback, null", request("Origin: null"), loopback, ws.ErrOriginInvalid},
		{"loopback, absent", request(), loopback, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, bad := ws.CheckUpgrade(tt.r, &tt.policy); bad != tt.want {
				t.Fatalf("got %v, want %v", bad, tt.want)
			}
		})
	}
}

func origins(t *testing.T, list ...string) ws.Origins {
	t.Helper()
	o, err := ws.ParseOrigins(list)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestParseOrigins(t *testing.T) {
	if n := origins(t, "http://a", "HTTP://A:80/x", "https://a").Len(); n != 2 {
		t.Fatalf("%d origins, want 2", n)
	}
	for _, bad := range []string{
		"", "a", "a.example:80", "ftp://a", "ws://a", "//a", "http://", "http:///x", "http://a:b:1", "http://[::1", "*",
	} {
		if _, err := ws.ParseOrigins([]string{"http://ok", bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
