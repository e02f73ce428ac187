package main

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "weir-bench-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

var weir = sync.OnceValues(func() (candidate, error) { return buildWeir(folder, os.Getenv(weirBinary)) })

// startWeir gives a server that ends with the test.
func startWeir(t *testing.T) *process {
	t.Helper()
	b, err := weir()
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(b.path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// An idle WebSocket connection with one subscription may cost the server 6 KiB of process memory, compression agreed or
// not. What a connection gives up when it has been silent for some seconds may take until the next collection.
//
// parity: 9.4.14.3
func TestIdleConnectionIsSmall(t *testing.T) {
	const (
		conns   = 5000
		limit   = 6 << 10
		first   = 5 * time.Second // after the first PING of the server
		settled = 40 * time.Second
	)
	for _, via := range []transport{ws, deflate} {
		t.Run(via.String(), func(t *testing.T) {
			t.Parallel()
			idlers, err := openIdle(startWeir(t), via, conns)
			if err != nil {
				t.Fatal(err)
			}
			defer idlers.close()
			look := time.NewTicker(time.Second)
			defer look.Stop()
			begin := time.Now()
			for {
				<-look.C
				got, err := idlers.bytes()
				switch {
				case err != nil:
					t.Fatal(err)
				case time.Since(begin) < first:
				case got <= limit:
					t.Logf("%.0f bytes a connection", got)
					return
				case time.Since(begin) > settled:
					t.Fatalf("%.0f bytes a connection after %v, the limit is %d", got, settled, limit)
				}
			}
		})
	}
}

// tiny is small and short: what is measured with it says nothing.
var tiny = scale{conns: 50, receivers: 20, pairs: 5, askers: 10, rate: 500, warm: 10 * time.Millisecond, time: 50 * time.Millisecond, settle: 10 * time.Millisecond}

func TestWorkloadsRun(t *testing.T) {
	for _, w := range workloads() {
		t.Run(w.name, func(t *testing.T) {
			measures, err := w.run(startWeir(t), tiny)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range measures {
				if m.unit != "KiB/connection" && m.value <= 0 {
					t.Errorf("%s is %v %s", m.name, m.value, m.unit)
				}
			}
		})
	}
}
