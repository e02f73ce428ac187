package benchmark_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/internal/benchmark"
)

// none is a watch for runs that nobody watches.
func none(benchmark.Progress) {}

func TestDefaults(t *testing.T) {
	tests := []struct {
		command  benchmark.Command
		clients  int
		messages int64
		duration time.Duration
	}{
		{benchmark.Pub, 1, 100_000, 0},
		{benchmark.Sub, 1, 100_000, 0},
		{benchmark.Request, 1, 10_000, 0},
		{benchmark.Fanout, 100, 10_000, 0},
		{benchmark.Idle, 1000, 0, 30 * time.Second},
	}
	for _, tt := range tests {
		c := benchmark.Config{Command: tt.command}.WithDefaults()
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", tt.command, err)
		}
		if !reflect.DeepEqual(c.Clients, []int{tt.clients}) || c.Messages != tt.messages || c.Duration != tt.duration || c.Size != 128 {
			t.Errorf("%s: %+v", tt.command, c)
		}
		if again := c.WithDefaults(); !reflect.DeepEqual(again, c) {
			t.Errorf("%s: a second time gives %+v", tt.command, again)
		}
	}
	if c := (benchmark.Config{Command: benchmark.Pub, Duration: time.Second}).WithDefaults(); c.Messages != 0 {
		t.Errorf("with a duration there are %d messages", c.Messages)
	}
}

func TestFieldErrors(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	target := func(t benchmark.Target) benchmark.Config { return benchmark.Config{Command: benchmark.Pub, Target: t} }
	pub := func(change func(*benchmark.Config)) benchmark.Config {
		c := benchmark.Config{Command: benchmark.Pub}
		change(&c)
		return c
	}
	tests := []struct {
		field  string
		config benchmark.Config
	}{
		{"clients", pub(func(c *benchmark.Config) { c.Clients = []int{1, 0} })},
		{"clients", pub(func(c *benchmark.Config) { c.Clients = []int{2 << 20} })},
		{"subs", benchmark.Config{Command: benchmark.Fanout, Clients: []int{-1}}},
		{"clients", benchmark.Config{Command: benchmark.Fanout, Publishers: -1}},
		{"responders", pub(func(c *benchmark.Config) { c.Responders = -1 })},
		{"msgs", pub(func(c *benchmark.Config) { c.Messages = -1 })},
		{"size", pub(func(c *benchmark.Config) { c.Size = -2 })},
		{"size", pub(func(c *benchmark.Config) { c.Size = 1 << 30 })},
		{"size", benchmark.Config{Command: benchmark.Fanout, Size: 7}},
		{"size", benchmark.Config{Command: benchmark.Fanout, Size: benchmark.Empty}},
		{"duration", pub(func(c *benchmark.Config) { c.Duration = -1 })},
		{"rate", pub(func(c *benchmark.Config) { c.Rate = -1 })},
		{"rate", pub(func(c *benchmark.Config) { c.Rate = 1e10 })},
		{"window", pub(func(c *benchmark.Config) { c.Window = -1 })},
		{"window", pub(func(c *benchmark.Config) { c.Window = 1 << 20 })},
		{"subject", pub(func(c *benchmark.Config) { c.Subject = "a..b" })},
		{"subject", pub(func(c *benchmark.Config) { c.Subject = "a.*" })},
		{"timeout", target(benchmark.Target{Timeout: -1})},
		{"server", target(benchmark.Target{Server: "http://127.0.0.1"})},
		{"server", target(benchmark.Target{Server: "127.0.0.1:4222"})},
		{"server", target(benchmark.Target{Server: "ws://"})},
		{"server", target(benchmark.Target{Server: "nats://u:secret@127.0.0.1:x"})},
		{"compress", target(benchmark.Target{Compress: true})},
		{"tls-first", target(benchmark.Target{Server: "wss://127.0.0.1", TLSFirst: true})},
		{"tls-ca", target(benchmark.Target{CA: missing})},
		{"tls-ca", target(benchmark.Target{CA: empty})},
		{"creds", target(benchmark.Target{Creds: missing})},
		{"creds", target(benchmark.Target{Creds: empty})},
		{"creds", target(benchmark.Target{Creds: empty, NKey: empty})},
		{"nkey", target(benchmark.Target{NKey: missing})},
		{"nkey", target(benchmark.Target{NKey: empty})},
	}
	for _, tt := range tests {
		report, err := benchmark.Run(t.Context(), tt.config, none)
		var field *benchmark.FieldError
		if !errors.As(err, &field) || field.Field != tt.field || report != nil {
			t.Errorf("%+v: %v, %v, want an error of --%s", tt.config, report, err, tt.field)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error has a password: %v", err)
		}
	}
	if _, err := benchmark.Run(t.Context(), benchmark.Config{Command: "nap"}, none); err == nil || !strings.Contains(err.Error(), `"nap"`) {
		t.Errorf("an unknown load: %v", err)
	}
}
