package monitor_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"weir/internal/conn"
	"weir/internal/monitor"
)

// A client's row ends with the proxy that vouched for it, while it is there and afterwards; others have no such key.
func TestProxyInConnz(t *testing.T) {
	const shown = `"name_tag":"$G","proxy":{"key":"UKEY"}}`
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		g := h.add(conn.Identity{}, "websocket")
		g.proxy = "UKEY"
		g.arrive()
		h.add(conn.Identity{}, "nats")
		compact := func(path string) string { return strings.Join(strings.Fields(h.get(path).Body.String()), "") }
		if got := compact("/connz?auth=1"); strings.Count(got, "proxy") != 1 || !strings.Contains(got, shown) {
			t.Error(got)
		}
		g.leave(conn.ProxyNotTrusted)
		got := compact("/connz?state=closed")
		if !strings.Contains(got, `"proxy":{"key":"UKEY"}}`) || !strings.Contains(got, `"reason":"ProxyNotTrusted"`) {
			t.Error(got)
		}
	})
}

// The trusted proxies stand where nats-server has them; without any there is no such key.
func TestProxiesInVarz(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		if got := h.get("/varz").Body.String(); strings.Contains(got, "proxies") {
			t.Error(got)
		}
		base := h.base
		h.source.Base = func() monitor.Varz {
			v := base()
			v.Proxies.Trusted = []monitor.Proxy{{Key: "UA"}, {Key: "UB"}}
			return v
		}
		h.handler = monitor.New(h.source).At("")
		got := strings.Join(strings.Fields(h.get("/varz").Body.String()), "")
		if !strings.Contains(got, `},"proxies":{"trusted":[{"key":"UA"},{"key":"UB"}]}`) {
			t.Error(got)
		}
	})
}
