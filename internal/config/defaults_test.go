package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/conn"
)

func TestSetDefaults(t *testing.T) {
	var o config.Options
	o.SetDefaults()
	want := config.Options{
		Client:   config.Listener{Host: "0.0.0.0", Port: 4222},
		Monitor:  config.Monitor{Host: "0.0.0.0", BasePath: "/", MaxClosed: 10000},
		Conn:     conn.Config{}.WithDefaults(),
		Protocol: client.Config{}.WithDefaults(),
		LameDuck: config.LameDuck{Duration: 2 * time.Minute, Grace: 10 * time.Second},
	}
	if !reflect.DeepEqual(o, want) {
		t.Errorf(" got %+v\nwant %+v", o, want)
	}
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
	o.SetDefaults()
	if !reflect.DeepEqual(o, want) {
		t.Errorf("setting defaults twice: %+v", o)
	}
}

// TestSetDefaultsFollow is about the defaults that come from other fields.
func TestSetDefaultsFollow(t *testing.T) {
	o := mustParse(t, "host: 127.0.0.2\nhttps: -1\nhttp_base_path: nats/\nping_interval: \"7s\"\nmax_traced_msg_len: 5\n"+
		"tls { timeout: 4 }\nwebsocket { port: -1, tls {} }\n")
	o.SetDefaults()
	if o.Monitor.Host != "127.0.0.2" || o.Monitor.BasePath != "/nats" || o.Monitor.TLS != o.TLS {
		t.Errorf("monitor %+v", o.Monitor)
	}
	if o.Protocol.AuthTimeout != 5*time.Second || o.WebSockets[0].AuthTimeout != 5*time.Second {
		t.Errorf("auth timeouts %v and %v", o.Protocol.AuthTimeout, o.WebSockets[0].AuthTimeout)
	}
	if o.Protocol.MaxTracedLen != 5 {
		t.Errorf("max_traced_msg_len %d", o.Protocol.MaxTracedLen)
	}
	w := o.WebSockets[0]
	if w.Host != "0.0.0.0" || w.Port != -1 || w.KeepAlive.Interval != 7*time.Second || w.HandshakeTimeout != 10*time.Second {
		t.Errorf("websocket %+v", w)
	}
	if o.TLS.Timeout != 4*time.Second || w.TLS.Timeout != 2*time.Second {
		t.Errorf("tls timeouts %v and %v", o.TLS.Timeout, w.TLS.Timeout)
	}
}

func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		l    config.Listener
		want string
	}{
		{config.Listener{Host: "127.0.0.1", Port: 4222}, "127.0.0.1:4222"},
		{config.Listener{Host: "::1", Port: -1}, "[::1]:0"},
	} {
		if got := tt.l.Address(); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.l, got, tt.want)
		}
	}
}

func TestParseAdvertise(t *testing.T) {
	for text, want := range map[string]config.Listener{
		"a":         {Host: "a", Port: 7},
		"a:0":       {Host: "a", Port: 7},
		"a:-1":      {Host: "a", Port: 7},
		"a:80":      {Host: "a", Port: 80},
		" a : 80 ":  {Host: "a", Port: 80},
		"[::1]":     {Host: "::1", Port: 7},
		"[::1]:443": {Host: "::1", Port: 443},
	} {
		if got, err := config.ParseAdvertise(text, 7); err != nil || got != want {
			t.Errorf("%q: %+v %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"a:b:c", "a:x", "a:70000", "::1"} {
		if got, err := config.ParseAdvertise(text, 7); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// TestFlagsOverride does what a program with flags does between Load and SetDefaults.
func TestFlagsOverride(t *testing.T) {
	o := mustParse(t, "port: 4333\ndebug: true\nhttp: 8222\n")
	o.Client.Port, o.Log.Debug, o.Auth.Token = -1, false, "t"
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	if o.Client.Port != -1 || o.Log.Debug || o.Auth.Token != "t" || o.Monitor.Port != 8222 {
		t.Errorf("%+v", o)
	}
}

func TestLocal(t *testing.T) {
	o := config.Local()
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{o.Client.Address(), o.WebSockets[0].Address(), config.Address(o.Monitor.Host, o.Monitor.Port)} {
		if !strings.HasPrefix(address, "127.0.0.1:") {
			t.Errorf("listens on %s", address)
		}
	}
	if w := o.WebSockets[0]; o.Client.Port != 4222 || w.Port != 8080 || o.Monitor.Port != 8222 || !w.Compression || !w.Console {
		t.Errorf("%+v", o)
	}
}
