package websocket

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// trusting says that the tests are a proxy. nats-server believes everybody.
func trusting(target process.Target, more string) process.Options {
	options := process.Options{Args: []string{"-D"}, WebSocket: more}
	if target == process.Weir {
		options.WebSocket += "\n  trusted_proxies: [ \"127.0.0.1\", \"10.0.0.0/8\" ]"
	}
	return options
}

// TestForwardedFor has catalogue §2.8: the address that a proxy tells is in front of that of the proxy. Where there is
// more than one, nats-server takes the first line if that is one address, Weir what the last proxy it trusts has seen.
func TestForwardedFor(t *testing.T) {
	rows := []struct {
		name, stock, weir string // what log lines begin with, before the proxy's address
		header            []string
	}{
		// parity: 9.1.66.1
		{"none", "", "", nil},
		// parity: 9.1.66.1
		{"empty", "", "", []string{"X-Forwarded-For:"}},
		// parity: 9.1.66.1
		{"no address", "", "", []string{"X-Forwarded-For: nobody"}},
		// parity: 9.1.66.2
		{"one", "1.2.3.4/", "1.2.3.4/", []string{"X-Forwarded-For: 1.2.3.4"}},
		// parity: 9.1.66.2
		{"two lines", "1.2.3.4/", "5.6.7.8/", []string{"X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 5.6.7.8"}},
		// parity: 9.1.66.3
		{"IPv6", "[2001:db8::1]/", "[2001:db8::1]/", []string{"X-Forwarded-For: 2001:db8::1"}},
		// parity: 9.4.11.1
		{"several hops", "", "5.6.7.8/", []string{"X-Forwarded-For: 1.2.3.4, 5.6.7.8, 10.1.2.3"}},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, trusting(target, ""))
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s := connect(t, server, row.header...)
				client := row.stock
				if target == process.Weir {
					client = row.weir
				}
				line := `\[DBG\] ` + regexp.QuoteMeta(client+s.LocalAddr().String()) + ` - wid:\d+`
				if _, err := server.Log().Wait(line, process.Patience); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// TestForwardedByStrangers: what somebody says who is no proxy is nothing to Weir. nats-server believes it.
//
// parity: 9.4.11.2
func TestForwardedByStrangers(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{Args: []string{"-D"}})
		s := connect(t, server, "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4", "X-Real-IP: 1.2.3.4")
		line := `\[DBG\] ` + regexp.QuoteMeta(s.LocalAddr().String()) + ` - wid:\d+`
		if _, err := server.Log().Wait(line, process.Patience); err != nil {
			t.Error(err)
		}
		if text := server.Log().String(); strings.Contains(text, "1.2.3.4") {
			t.Errorf("it was believed:\n%s", text)
		}
	})
}

// TestForwardedInConnz: an operator wants to see the client. nats-server shows the proxy.
//
// parity: 9.4.11.3
func TestForwardedInConnz(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, trusting(target, ""))
		connect(t, server, "X-Forwarded-For: 1.2.3.4")
		want := map[process.Target]string{process.Weir: "1.2.3.4", process.Stock: "127.0.0.1"}[target]
		if all := server.Connections(t, ""); len(all) != 1 || all[0].IP != want {
			t.Errorf("connections %+v, want one from %s", all, want)
		}
	})
}

// TestSameOriginBehindProxy: a page of https is of the same origin if the proxy has ended the TLS, and says so.
//
// parity: 9.4.9.6
func TestSameOriginBehindProxy(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		page := []string{"Host: inner.test", "Origin: https://app.test", "X-Forwarded-Proto: https", "X-Forwarded-Host: app.test"}
		server := process.Start(t, process.Weir, trusting(process.Weir, "same_origin: true"))
		if response, _, _ := ask(t, server, head("GET / HTTP/1.1", page...)); response.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("told by the proxy: %s", response.Status)
		}
		if response, _, _ := ask(t, server, head("GET / HTTP/1.1", page[:3]...)); response.StatusCode != http.StatusForbidden {
			t.Errorf("another host: %s", response.Status)
		}
		server = process.Start(t, process.Weir, process.Options{WebSocket: "same_origin: true"})
		if response, _, _ := ask(t, server, head("GET / HTTP/1.1", page...)); response.StatusCode != http.StatusForbidden {
			t.Errorf("told by a stranger: %s", response.Status)
		}
	})
}

// TestHostBehindProxy: INFO has the host that the client named, and the port that goes with it, if a proxy says so.
func TestHostBehindProxy(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, trusting(process.Weir, ""))
		plain := process.Start(t, process.Weir, process.Options{})
		for _, row := range []struct {
			server *process.Server
			header []string
			want   string
		}{
			{server, []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: app.test"}, `"host":"app.test","port":443`},
			{server, []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: http", "X-Forwarded-Host: app.test"}, `"host":"app.test","port":80`},
			{server, []string{`Forwarded: for=203.0.113.7;proto=https;host="app.test:8443"`}, `"host":"app.test","port":8443`},
			{server, []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: <bad>"}, `"host":"127.0.0.1",`},
			{server, nil, `"host":"127.0.0.1",`},
			{plain, []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: app.test"}, `"host":"127.0.0.1",`},
		} {
			s, info := dialInfo(t, row.server, row.header...)
			if !strings.Contains(info, row.want) {
				t.Errorf("%q: %s, want %s", row.header, info, row.want)
			}
			s.send(data("CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n"))
			s.want("PONG")
			if info := s.line(); !strings.Contains(info, row.want) {
				t.Errorf("%q: then %s, want %s", row.header, info, row.want)
			}
		}
	})
}

// TestHalfOpen: who has connected and does not go on takes one of a number of places, and not more of us.
//
// parity: 9.4.8.4
func TestHalfOpen(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{WebSocket: `handshake_timeout: "60s"
  limits { half_open: 2 }`})
		var waiting []net.Conn
		for range 2 {
			waiting = append(waiting, process.Dial(t, server.WebSocket))
		}
		refused := func() bool {
			response, nc, _ := ask(t, server, wire.Request("example.test", "/"))
			_ = nc.Close()
			return response.StatusCode == http.StatusServiceUnavailable
		}
		if !process.Await(process.Patience, refused) {
			t.Error("a third one was let in")
		}
		_ = waiting[0].Close()
		if !process.Await(process.Patience, func() bool { return !refused() }) {
			t.Error("nobody is let in any more")
		}
		_, _ = fmt.Fprint(waiting[1], wire.Request("example.test", "/"))
	})
}
