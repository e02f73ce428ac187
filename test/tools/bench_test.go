package tools

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"weir/test/process"
)

// benchReport is what this test reads of the JSON of weir bench.
type benchReport struct {
	ServerVersion string `json:"server_version"`
	Weir          string `json:"weir"`
	Compressed    bool   `json:"compressed"`
	Interrupted   bool   `json:"interrupted"`
	Results       []struct {
		Messages, Bytes, Connections int64
		Received                     int64                  `json:"stream_bytes_received"`
		Latency                      *struct{ Count int64 } `json:"latency_us"`
		Idle                         *struct {
			Failures int64 `json:"connect_failures"`
			Lost     int64
		}
	}
}

// bench runs weir bench, whatever the server is.
func bench(t *testing.T, args ...string) benchReport {
	t.Helper()
	r := process.Run(t, process.Weir, "", append([]string{"bench"}, append(args, "--json", "--no-progress")...)...)
	var report benchReport
	if err := json.Unmarshal([]byte(r.Stdout), &report); r.Code != 0 || r.Stderr != "" || err != nil {
		t.Fatalf("%q: exit %d, %v, stderr %q", args, r.Code, err, r.Stderr)
	}
	return report
}

// TestBench: the load works with both servers, over everything that they have in common.
func TestBench(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		plain := process.Start(t, target, process.Options{})
		secure := process.Start(t, target, process.Options{Secure: true, Config: "authorization { user: ann, password: s }"})
		cert, _ := process.Certificate()
		for name, way := range map[string][]string{
			"nats":           {"-s", "nats://" + plain.Client},
			"nats, TLS":      {"-s", "nats://ann:s@" + secure.Client, "--tls-ca", cert},
			"tls":            {"-s", "tls://" + secure.Client, "--user", "ann", "--password", "s", "--tls-insecure"},
			"ws":             {"-s", "ws://" + plain.WebSocket},
			"ws compressed":  {"-s", "ws://" + plain.WebSocket, "--compress"},
			"wss":            {"-s", "wss://ann:s@" + secure.WebSocket, "--tls-ca", cert},
			"wss compressed": {"-s", "wss://ann:s@" + secure.WebSocket, "--tls-ca", cert, "--compress"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				// A responder of another load would answer, and be gone before it has.
				subject := "bench." + strings.NewReplacer(" ", "", ",", "").Replace(name)
				benchAll(t, target, append([]string{"--subject", subject}, way...))
			})
		}
	})
}

func benchAll(t *testing.T, target process.Target, way []string) {
	pub := bench(t, append([]string{"pub", "--clients", "2", "--msgs", "2000"}, way...)...)
	if x := pub.Results[0]; x.Messages != 2000 || x.Bytes != 2000*128 {
		t.Errorf("pub: %+v", pub)
	}
	compress := way[len(way)-1] == "--compress"
	if (pub.Weir != "") != (target == process.Weir) || pub.ServerVersion != "2.15.2" || pub.Compressed != compress {
		t.Errorf("pub: %+v", pub)
	}
	fanout := bench(t, append([]string{"fanout", "--subs", "10", "--clients", "2", "--msgs", "200", "--size", "1k"}, way...)...)
	x := fanout.Results[0]
	if x.Messages != 2000 || x.Connections != 12 || x.Latency == nil || x.Latency.Count != 2000 || compress != (x.Received < x.Bytes) {
		t.Errorf("fanout: %+v", fanout)
	}
	request := bench(t, append([]string{"request", "--clients", "3", "--msgs", "300"}, way...)...)
	if x := request.Results[0]; x.Messages != 300 || x.Connections != 4 || x.Latency == nil || x.Latency.Count != 300 {
		t.Errorf("request: %+v", request)
	}
	idle := bench(t, append([]string{"idle", "--clients", "50", "--duration", "10ms"}, way...)...)
	if x := idle.Results[0]; x.Connections != 50 || x.Idle.Failures != 0 || x.Idle.Lost != 0 {
		t.Errorf("idle: %+v", idle)
	}
}

// TestBenchKey: a user with a key gets in.
func TestBenchKey(t *testing.T) {
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := key.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/user.nk"
	if err := os.WriteFile(file, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: fmt.Sprintf("authorization { users: [ { nkey: %s } ] }", public)})
		for _, url := range []string{"nats://" + s.Client, "ws://" + s.WebSocket} {
			if r := bench(t, "pub", "-s", url, "--msgs", "10", "--nkey", file); r.Results[0].Messages != 10 {
				t.Errorf("%s: %+v", url, r)
			}
			r := process.Run(t, process.Weir, "", "bench", "pub", "-s", url, "--msgs", "10")
			if r.Code != 1 || r.Stdout != "" || !strings.Contains(r.Stderr, "can not connect to "+url+": the server says 'Authorization Violation'") {
				t.Errorf("%s without a key: %+v", url, r)
			}
		}
	})
}

// TestBenchInterrupt: Ctrl-C ends the load with the summary so far.
func TestBenchInterrupt(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		s := process.Start(t, process.Weir, process.Options{})
		binary, err := process.Weir.Binary()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), binary, "bench", "pub", "-s", "ws://"+s.WebSocket, "--duration", "1h", "--rate", "1000", "--json")
		process.Tie(cmd)
		var out strings.Builder
		cmd.Stdout = &out
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(stderr).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "publishing ") {
			t.Errorf("progress is %q, %v", line, err)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		var report benchReport
		if err := json.Unmarshal([]byte(out.String()), &report); err != nil || !report.Interrupted || report.Results[0].Messages == 0 {
			t.Errorf("%v: %s", err, out.String())
		}
	})
}
