package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/benchmark"
	"weir/internal/config"
	"weir/internal/tlsfile"
	"weir/server"
)

// certificate writes a certificate for 127.0.0.1 that is its own authority, and its key.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile = write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	keyFile = write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return certFile, keyFile
}

// serveOn starts a server on ports that the kernel chose, with the given options, and returns where it is.
func serveOn(t *testing.T, o *server.Options) (tcp, web string) {
	t.Helper()
	loopback := config.Listener{Host: "127.0.0.1", Port: -1}
	o.Client = loopback
	o.WebSockets = []*server.WebSocket{{Listener: loopback, TLS: o.TLS, NoTLS: o.TLS == nil, Compression: true}}
	s, err := server.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s.ClientAddr().String(), s.WebSocketAddr().String()
}

// benchIt runs bench until it ends, or ctx.
func benchIt(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	p := &program{name: ownName, stdout: &out, stderr: &errs}
	status = p.load(ctx, args)
	return status, out.String(), errs.String()
}

// reports runs bench with --json and returns its report.
func reports(t *testing.T, args ...string) *benchmark.Report {
	t.Helper()
	status, out, errs := benchIt(t.Context(), append(args, "--json", "--no-progress")...)
	if status != 0 || errs != "" {
		t.Fatalf("%q: status %d, stderr %q", args, status, errs)
	}
	report := new(benchmark.Report)
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(report); err != nil || decoder.More() {
		t.Fatalf("%q: %v: %s", args, err, out)
	}
	return report
}

// ways is all ways to a server, as arguments of bench.
func ways(t *testing.T) map[string][]string {
	t.Helper()
	cert, key := certificate(t)
	tcp, web := serveOn(t, &server.Options{})
	const patience = time.Minute // for handshakes, on a busy machine
	o := &server.Options{TLS: &tlsfile.Block{CertFile: cert, KeyFile: key, Timeout: patience}}
	o.Auth.Username, o.Auth.Password = "ann", "secret"
	secureTCP, secureWeb := serveOn(t, o)
	first := &server.Options{TLS: &tlsfile.Block{CertFile: cert, KeyFile: key, Timeout: patience, HandshakeFirst: true}}
	firstTCP, _ := serveOn(t, first)
	return map[string][]string{
		"nats":           {"-s", "nats://" + tcp},
		"nats, TLS":      {"-s", "nats://ann:secret@" + secureTCP, "--tls-ca", cert},
		"tls":            {"--server", "tls://" + secureTCP, "--user", "ann", "--password", "secret", "--tls-insecure"},
		"tls first":      {"-s", "tls://" + firstTCP, "--tls-first", "--tls-ca", cert},
		"ws":             {"-s", "ws://" + web},
		"ws compressed":  {"-s", "ws://" + web, "--compress"},
		"wss":            {"-s", "wss://ann:secret@" + secureWeb, "--tls-ca", cert},
		"wss compressed": {"-s", "wss://ann:secret@" + secureWeb, "--tls-insecure", "--compress"},
	}
}

func TestBenchOnEachWay(t *testing.T) {
	for name, way := range ways(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Loads on one server stay apart by their subjects: a responder of another one would answer, and be gone before it has.
			subject := "bench." + strings.NewReplacer(" ", "", ",", "").Replace(name)
			with := func(args ...string) []string {
				return append(append(args, "--subject", subject, "--timeout", "1m"), way...)
			}

			r := reports(t, with("pub", "--clients", "1,3", "--msgs", "500", "--size", "1k")...)
			if len(r.Results) != 2 || r.Results[1].Clients != 3 || r.Results[1].Connections != 3 {
				t.Fatalf("pub: %+v", r)
			}
			if x := r.Results[1]; x.Published != 500 || x.Messages != 500 || x.Bytes != 500<<10 || x.MessagesPerSecond <= 0 || x.BytesPerSecond <= 0 {
				t.Errorf("pub: %+v", x)
			}
			if r.ServerVersion != server.ReferenceVersion || r.Weir != server.Version || r.Compressed != slices.Contains(way, "--compress") {
				t.Errorf("pub: %+v", r)
			}

			x := reports(t, with("request", "--clients", "3", "--responders", "2", "--msgs", "100")...).Results[0]
			if x.Published != 100 || x.Messages != 100 || x.Bytes != 100*128 || x.Connections != 5 || x.Latency.Count != 100 {
				t.Errorf("request: %+v", x)
			}

			x = reports(t, with("fanout", "--subs", "5", "--clients", "2", "--msgs", "60", "--size", "2000")...).Results[0]
			if x.Published != 60 || x.Messages != 300 || x.Bytes != 300*2000 || x.Connections != 7 ||
				x.Latency.Count != 300 || x.LastDelivery.Count != 60 || x.LastDelivery.Min < x.Latency.Min {
				t.Errorf("fanout: %+v", x)
			}
			if slices.Contains(way, "--compress") != (x.StreamReceived < x.Bytes*2/3) {
				t.Errorf("fanout: %d bytes came as %d", x.Bytes, x.StreamReceived)
			}
			checkSetup(t, x.Setup)

			x = reports(t, with("idle", "--clients", "20", "--duration", "50ms")...).Results[0]
			if x.Connections != 20 || x.Idle.Failed != 0 || x.Idle.Lost != 0 || x.Idle.KeptMin < 0.05 || x.ConnectionsPerSecond <= 0 {
				t.Errorf("idle: %+v, %+v", x, x.Idle)
			}

			checkSub(t, subject, way)
		})
	}
}

func checkSetup(t *testing.T, s *benchmark.Summary) {
	t.Helper()
	figures := []float64{s.Min, s.P50, s.P90, s.P99, s.Max}
	if s.Count != 7 || s.Min <= 0 || !slices.IsSorted(figures) || s.Avg < s.Min || s.Avg > s.Max {
		t.Errorf("setup is %+v", s)
	}
}

// checkSub subscribes while somebody publishes.
func checkSub(t *testing.T, subject string, way []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	published := make(chan int)
	go func() {
		status, _, _ := benchIt(ctx, append([]string{"pub", "--duration", "1h", "--rate", "5000", "--size", "100b", "--timeout", "1m", subject + ".x"}, way...)...)
		published <- status
	}()
	x := reports(t, append([]string{"sub", "--clients", "2", "--msgs", "50", "--timeout", "1m", subject + ".*"}, way...)...).Results[0]
	cancel()
	if x.Messages != 100 || x.Bytes != 100*100 || x.Connections != 2 || x.Seconds <= 0 || x.MessagesPerSecond <= 0 {
		t.Errorf("sub: %+v", x)
	}
	if status := <-published; status != 0 {
		t.Errorf("the publisher ended with %d", status)
	}
}

// TestBenchJSON: the names that programs rely on.
func TestBenchJSON(t *testing.T) {
	tcp, _ := serveOn(t, &server.Options{})
	of := func(object any) []string {
		var keys []string
		for key := range object.(map[string]any) {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		return keys
	}
	run := func(args ...string) (top, result map[string]any) {
		status, out, errs := benchIt(t.Context(), append(args, "--json", "--no-progress", "-s", "nats://"+tcp)...)
		if status != 0 || errs != "" {
			t.Fatalf("status %d, %q", status, errs)
		}
		if err := json.Unmarshal([]byte(out), &top); err != nil {
			t.Fatal(err)
		}
		return top, top["results"].([]any)[0].(map[string]any)
	}
	want := func(what string, got []string, names string) {
		t.Helper()
		if fields := strings.Fields(names); !slices.Equal(got, fields) {
			t.Errorf("%s: got  %q\nwant %q", what, got, fields)
		}
	}
	top, result := run("fanout", "--subs", "2", "--msgs", "3")
	want("report", of(top), "command compressed results server server_name server_version size subject weir")
	want("fanout", of(result), `bytes bytes_per_second clients connections connections_per_second last_delivery_us latency_us messages
		messages_per_second published publishers seconds setup_us stream_bytes_received stream_bytes_sent`)
	want("latency", of(result["latency_us"]), "avg count max min p50 p90 p99")
	_, result = run("idle", "--clients", "2", "--duration", "1ms")
	want("idle", of(result["idle"]), "connect_failures kept_seconds_avg kept_seconds_min lost pings_answered")
}

func TestBenchTable(t *testing.T) {
	tcp, web := serveOn(t, &server.Options{})
	status, out, errs := benchIt(t.Context(), "fanout", "-s", "ws://"+web, "--subs", "2,4", "--msgs", "10", "--compress", "--no-progress")
	if status != 0 || errs != "" {
		t.Fatalf("status %d, %q", status, errs)
	}
	for _, want := range []string{
		"fanout on ws://" + web + ", weir " + server.Version + ", compressed, 128 bytes a message\n",
		"subs   clients   published   messages ", "setup p50   setup p99", "latency ", "4         1          10         40 ",
		"2   each delivery ", "4   last delivery ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	status, out, _ = benchIt(t.Context(), "idle", "-s", "nats://"+tcp, "--clients", "3", "--duration", "1ms", "--no-progress")
	if status != 0 || !strings.Contains(out, "kept min") || !strings.Contains(out, "\n         3      3        0      0 ") {
		t.Errorf("status %d\n%s", status, out)
	}
}

func TestBenchErrors(t *testing.T) {
	_, web := serveOn(t, &server.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	tests := []struct {
		args []string
		want string // in standard error
	}{
		{nil, "weir bench: no command"},
		{[]string{"--json"}, "flags come behind it, not --json"},
		{[]string{"nap"}, `no command "nap"`},
		{[]string{"pub", "--nope"}, "flag provided but not defined: -nope"},
		{[]string{"pub", "--subs", "3"}, "flag provided but not defined: -subs"},
		{[]string{"idle", "--msgs", "3"}, "flag provided but not defined: -msgs"},
		{[]string{"sub", "--size", "3"}, "flag provided but not defined: -size"},
		{[]string{"pub", "--msgs"}, "flag needs an argument: -msgs"},
		{[]string{"pub", "--msgs", "0"}, `invalid value "0" for flag -msgs: has to be a number above 0`},
		{[]string{"pub", "--clients", "1,x"}, `invalid value "1,x" for flag -clients`},
		{[]string{"pub", "--clients", "0"}, "weir bench pub: --clients: has to be 1 to "},
		{[]string{"fanout", "--subs", "0"}, "--subs: has to be 1 to "},
		{[]string{"fanout", "--window", "0"}, "for flag -window: has to be a number above 0"},
		{[]string{"pub", "--size", "1x"}, `invalid value "1x" for flag -size`},
		{[]string{"pub", "--size", "1g"}, `invalid value "1g" for flag -size`},
		{[]string{"pub", "--size", "999m"}, "--size: has to be 0 to "},
		{[]string{"pub", "--duration", "5"}, `invalid value "5" for flag -duration`},
		{[]string{"pub", "a", "b"}, `unexpected argument "b"`},
		{[]string{"pub", "--subject", "a", "b"}, `unexpected argument "b"`},
		{[]string{"pub", "-s", "nats://u:secret@" + closed}, "weir bench pub: can not connect to nats://" + closed + ": dial tcp " + closed + ": connect: connection refused\n"},
		{[]string{"pub", "-s", "ws://" + web, "--size", "2m"}, "--size: 2097152 bytes are more than the 1048576"},
		{[]string{"request", "-s", "ws://" + web, "--responders", "0"}, "nobody answers"},
	}
	for _, tt := range tests {
		status, out, errs := benchIt(t.Context(), tt.args...)
		if status != 1 || out != "" || !strings.Contains(errs, tt.want) || strings.Contains(errs, "secret") {
			t.Errorf("%q: status %d, stdout %q, stderr %q, want %q", tt.args, status, out, errs, tt.want)
		}
	}
}

func TestBenchHelp(t *testing.T) {
	for _, args := range [][]string{{"bench", "-h"}, {"bench", "help"}, {"bench", "--help"}, {"bench", "pub", "-h"}, {"bench", "idle", "x", "--help"}} {
		status, out, errs := trial(t, ownName, args...)
		if status != 0 || !strings.HasPrefix(out, "\nUsage: weir bench <command> [options] [subject]\n") || errs != "" {
			t.Errorf("%q: status %d, stdout %.40q, stderr %q", args, status, out, errs)
		}
	}
	if text := usage(ownName); !strings.Contains(text, "weir bench -h") {
		t.Errorf("weir help does not name it: %s", text)
	}
}

// TestBenchFlags: each flag has its field, and the help text names it.
func TestBenchFlags(t *testing.T) {
	line, err := parseBench(strings.Fields(`fanout --server ws://h --user u --password p --token t --creds c --nkey k --tls-ca ca
		--tls-insecure --tls-first --compress --timeout 3s --subs 1,20 --clients 2 --msgs 7 --size 2k --duration 5s --rate 1.5 --window 9
		--json --no-progress the.subject`))
	if err != nil {
		t.Fatal(err)
	}
	want := benchmark.Config{
		Command: benchmark.Fanout,
		Target: benchmark.Target{Server: "ws://h", User: "u", Password: "p", Token: "t", Creds: "c", NKey: "k", CA: "ca",
			Insecure: true, TLSFirst: true, Compress: true, Timeout: 3 * time.Second},
		Clients: []int{1, 20}, Publishers: 2, Messages: 7, Size: 2048, Subject: "the.subject", Duration: 5 * time.Second, Rate: 1.5, Window: 9,
	}
	if got := line.config; !slices.Equal(got.Clients, want.Clients) || !line.json || !line.quiet {
		t.Errorf("got %+v", line)
	}
	line.config.Clients, want.Clients = nil, nil
	if a, b := toJSON(t, line.config), toJSON(t, want); a != b {
		t.Errorf("got  %s\nwant %s", a, b)
	}
	words := strings.FieldsFunc(benchText, func(r rune) bool { return strings.ContainsRune(" \n,()", r) })
	defined := map[string]bool{"help": true}
	for _, command := range benchmark.Commands {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		(&benchLine{config: benchmark.Config{Command: command}}).define(fs)
		fs.VisitAll(func(f *flag.Flag) { defined[f.Name] = true })
	}
	for name := range defined {
		if !slices.Contains(words, "--"+name) && name != "s" {
			t.Errorf("the help text does not name --%s", name)
		}
	}
	for _, word := range words {
		if name, ok := strings.CutPrefix(word, "--"); ok && !defined[name] {
			t.Errorf("the help text names --%s, which there is not", name)
		}
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int{"0": benchmark.Empty, "1": 1, "128": 128, "128b": 128, "16k": 16 << 10, "2KiB": 2 << 10, "3kb": 3 << 10, "1m": 1 << 20, "2MB": 2 << 20} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "k", "-1", "1.5k", "1 k", "kk", "99999999999999999999"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestFigures(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", 123: "123", 1234: "1,234", -1234: "-1,234", -123: "-123", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for micros, want := range map[float64]string{0: "0µs", 12.4: "12µs", 1234: "1.23ms", 45_678: "45.7ms", 1_234_567: "1.23s", 125_400_000: "2m5s"} {
		if got := duration(micros); got != want {
			t.Errorf("%v: %q, want %q", micros, got, want)
		}
	}
	for rate, want := range map[float64]string{0: "0.0 B", 1536: "1.5 KiB", 3 << 30: "3.0 GiB", 1 << 60: "1048576.0 TiB"} {
		if got := bytesRate(rate); got != want {
			t.Errorf("%v: %q, want %q", rate, got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	steps := []benchmark.Progress{
		{Phase: "connecting", Done: 250, Total: 1000, Elapsed: 2},
		{Phase: "publishing", Done: 123456, Elapsed: 1},
		{Phase: "holding", Done: 999, Total: 1000, Elapsed: 12.3, Lost: 1},
	}
	lines := []string{"connecting 250 of 1,000 (25%), 125/s", "publishing 123,456, 123,456/s", "holding 999 of 1,000 (99%), for 12s"}
	var plain, drawn, none bytes.Buffer
	for _, tt := range []struct {
		ticker *ticker
		out    *bytes.Buffer
		want   string
	}{
		{newTicker(&plain, false), &plain, strings.Join(lines, "\n") + "\n"},
		{&ticker{out: &drawn, terminal: true}, &drawn, eraseLine + strings.Join(lines, eraseLine) + eraseLine},
		{newTicker(&none, true), &none, ""},
	} {
		for _, p := range steps {
			tt.ticker.show(p)
		}
		tt.ticker.end()
		if got := tt.out.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newTicker(file, false).terminal {
		t.Error("a file is a terminal")
	}
}

// TestBenchInterrupted: what was measured is told, and that is no error.
func TestBenchInterrupted(t *testing.T) {
	tcp, _ := serveOn(t, &server.Options{})
	for _, command := range benchmark.Commands {
		ctx, cancel := context.WithCancel(t.Context())
		c := benchmark.Config{Command: command, Duration: time.Hour, Progress: time.Millisecond, Responders: 1, Clients: []int{2, 3},
			Target: benchmark.Target{Server: "nats://" + tcp}}
		report, err := benchmark.Run(ctx, c, func(p benchmark.Progress) {
			if p.Phase != "connecting" && (p.Done > 0 || command == benchmark.Sub) {
				cancel()
			}
		})
		if err != nil || !report.Interrupted || len(report.Results) != 1 || report.Results[0].Messages == 0 && command != benchmark.Idle && command != benchmark.Sub {
			t.Errorf("%s: %+v, %v", command, report, err)
			continue
		}
		var b bytes.Buffer
		if err := writeTable(&b, report); err != nil || !strings.HasSuffix(b.String(), "\nEnded early.\n") {
			t.Errorf("%s: %v, %s", command, err, b.String())
		}
	}
}
