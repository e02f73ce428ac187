package transport_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"weir/internal/transport"
	"weir/ws"
)

// collector is a Sink that hands on what it gets.
type collector struct {
	data   bytes.Buffer
	pieces int // calls of Data
	frames []string
	chunks int
	most   int // bytes after which Data fails; 0 means never
	got    chan int
}

var errEnough = errors.New("enough")

func (s *collector) Data(p []byte) error {
	s.data.Write(p)
	s.pieces++
	if s.most > 0 && s.data.Len() >= s.most {
		return errEnough
	}
	return nil
}

func (s *collector) Frame(f string) error {
	s.frames = append(s.frames, f)
	return nil
}

func (s *collector) Wait() bool { return true }

func (s *collector) ChunkEnd() {
	s.chunks++
	if s.got != nil {
		s.got <- s.data.Len()
	}
}

// blocking hides a socket's readiness, as a platform without it would.
type blocking struct{ net.Conn }

// sockets are the ways to use a socket.
var sockets = []string{"detached", "ready", "blocking"}

// connOf makes a connection of that kind.
func connOf(kind string, nc net.Conn) *transport.Conn {
	if kind == "blocking" {
		nc = blocking{nc}
	}
	c := transport.NewConn(nc)
	if kind == "detached" {
		c.Detach()
	}
	return c
}

func TestServeUntilTheEnd(t *testing.T) {
	for _, kind := range sockets {
		t.Run(kind, func(t *testing.T) {
			here, there := tcpPair(t)
			want := bytes.Repeat([]byte("0123456789"), 20_000)
			go func() {
				here.Write(want)
				here.Close()
			}()
			s := new(collector)
			if err := connOf(kind, there).Serve(s); err != io.EOF {
				t.Errorf("Serve: %v", err)
			}
			if !bytes.Equal(s.data.Bytes(), want) || s.chunks == 0 {
				t.Errorf("got %d bytes in %d chunks", s.data.Len(), s.chunks)
			}
		})
	}
}

func TestSinkEndsServe(t *testing.T) {
	here, there := tcpPair(t)
	here.Write([]byte("0123456789"))
	if err := transport.NewConn(there).Serve(&collector{most: 5}); err != errEnough {
		t.Errorf("Serve: %v", err)
	}
}

func TestInterrupt(t *testing.T) {
	for _, kind := range sockets {
		here, there := tcpPair(t)
		c := connOf(kind, there)
		s := &collector{got: make(chan int)}
		end := make(chan error)
		go func() { end <- c.Serve(s) }()
		here.Write([]byte("x"))
		<-s.got // it is serving
		c.Interrupt()
		if err := <-end; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// A full socket does not block TryWrite; WriteAll goes on where it stopped, and gives up at its limit.
func TestFullSocket(t *testing.T) {
	for _, kind := range []string{"detached", "ready"} {
		t.Run(kind, func(t *testing.T) {
			here, there := tcpPair(t)
			c := connOf(kind, there)
			w := transport.GetWire()
			want := strings.Repeat("0123456789abcdef", 2<<20)
			w.Batch.Buf = append(w.Batch.Buf, want...)
			if err := c.Frame(w); err != nil {
				t.Fatal(err)
			}
			if done, err := c.TryWrite(w); done || err != nil {
				t.Fatalf("TryWrite of 32 MiB: %v, %v", done, err)
			}
			if err := c.WriteAll(w, 10*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("WriteAll to nobody: %v", err)
			}
			go func() {
				if err := c.WriteAll(w, time.Minute); err != nil {
					t.Error(err)
				}
				c.Close()
			}()
			got, err := io.ReadAll(here)
			if err != nil || string(got) != want {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
}

// AbortWrites ends a write that waits for room, and there is none afterwards.
func TestAbortWrites(t *testing.T) {
	for _, kind := range []string{"detached", "ready"} {
		t.Run(kind, func(t *testing.T) {
			_, there := tcpPair(t)
			c := connOf(kind, there)
			defer c.Close()
			w := transport.GetWire()
			w.Batch.Buf = append(w.Batch.Buf, make([]byte, 32<<20)...)
			if err := c.Frame(w); err != nil {
				t.Fatal(err)
			}
			end := make(chan error, 1)
			go func() { end <- c.WriteAll(w, time.Minute) }()
			for end != nil {
				c.AbortWrites() // WriteAll sets its own deadline when it begins
				select {
				case err := <-end:
					if !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("WriteAll: %v", err)
					}
					end = nil
				default:
					runtime.Gosched()
				}
			}
		})
	}
}

// certificate makes a self-signed certificate for 127.0.0.1.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	server = &tls.Config{
		Certificates:                []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		DynamicRecordSizingDisabled: true,
	}
	return server, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

// counting counts the records of TLS application data that pass.
type counting struct {
	net.Conn
	raw bytes.Buffer
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.raw.Write(p[:n])
	return n, err
}

func (c *counting) records() (n int) {
	for b := c.raw.Bytes(); len(b) >= 5; {
		size := 5 + int(b[3])<<8 + int(b[4])
		if b[0] == 23 { // RFC 8446 §5.1
			n++
		}
		b = b[min(size, len(b)):]
	}
	return n
}

func TestTLSBothWays(t *testing.T) {
	serverConfig, clientConfig := certificate(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			here, there := tcpPair(t)
			wire := &counting{Conn: here}
			clientConfig := clientConfig.Clone()
			clientConfig.MinVersion, clientConfig.MaxVersion = version, version
			client := tls.Client(wire, clientConfig)
			want := bytes.Repeat([]byte("0123456789"), 30_000)
			fromClient := make(chan error, 1)
			go func() {
				_, err := client.Write(want)
				fromClient <- err
			}()
			server := transport.ServerTLS(there, serverConfig)
			if err := server.HandshakeWithin(10 * time.Second); err != nil {
				t.Fatal(err)
			}
			c := transport.NewConn(server)
			if version == tls.VersionTLS13 {
				c.Detach()
			}
			s := &collector{most: len(want)}
			if err := c.Serve(s); err != errEnough || !bytes.Equal(s.data.Bytes(), want) {
				t.Fatalf("Serve: %v after %d bytes", err, s.data.Len())
			}
			if err := <-fromClient; err != nil {
				t.Fatal(err)
			}
			before := wire.records()
			w := transport.GetWire()
			w.Batch.Buf = append(w.Batch.Buf, want...)
			if err := c.Frame(w); err != nil {
				t.Fatal(err)
			}
			go func() {
				if err := c.WriteAll(w, time.Minute); err != nil {
					t.Error(err)
				}
				c.CloseWrite()
			}()
			got, err := io.ReadAll(client)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			// 300,000 bytes fill 19 records of 16 KiB; TLS 1.3 sends its alert as one more.
			if n := wire.records() - before; n > 20 {
				t.Errorf("%d records for %d bytes", n, len(want))
			}
		})
	}
}

// masked makes a frame as a client sends it.
func masked(first byte, payload string) []byte {
	key := [4]byte{1, 2, 3, 4}
	frame := ws.AppendHeader(nil, first&0x80 != 0, first&0x40 != 0, ws.Opcode(first&15), len(payload), &key)
	at := len(frame)
	frame = append(frame, payload...)
	ws.Mask(frame[at:], key, 0)
	return frame
}

// compressed is the payload of a compressed message.
func compressed(text string) string {
	return string(ws.FinishMessage(ws.AppendDeflated(nil, []byte(text)), true))
}

func TestReadFrames(t *testing.T) {
	long := strings.Repeat("PUB foo 5\r\nhello\r\n", 500)
	half := compressed(long)[:30]
	rest := compressed(long)[30:]
	for _, row := range []struct {
		name   string
		frames [][]byte
		want   string
		pongs  int
		err    string
	}{
		{"binary and text", [][]byte{masked(0x82, "PI"), masked(0x81, "NG\r\n")}, "PING\r\n", 0, "EOF"},
		{"fragments with a ping between", [][]byte{masked(0x02, "PI"), masked(0x89, "x"), masked(0x80, "NG\r\n")}, "PING\r\n", 1, "EOF"},
		{"compressed", [][]byte{masked(0xC2, compressed(long))}, long, 0, "EOF"},
		{"compressed fragments", [][]byte{masked(0x42, half), masked(0x00, rest), masked(0x80, "")}, long, 0, "EOF"},
		{"empty", [][]byte{masked(0x82, ""), masked(0x82, "x")}, "x", 0, "EOF"},
		{"close", [][]byte{masked(0x82, "a"), masked(0x88, "\x03\xe8bye")}, "a", 0, "closed by peer: 1000 bye"},
		{"unmasked", [][]byte{{0x82, 0x01, 'a'}}, "", 0, "mask bit missing"},
		{"corrupt", [][]byte{masked(0xC2, "\xff\xff\xff")}, "", 0, "corrupt"},
	} {
		t.Run(row.name, func(t *testing.T) {
			stream := bytes.Join(row.frames, nil)
			for size := 1; size <= len(stream); size += 1 + size/4 {
				here, there := net.Pipe()
				c := transport.NewConn(there)
				c.UpgradeWS(ws.Server, transport.Framing{Deflate: true})
				c.Trust()
				go func() {
					for b := stream; len(b) > 0; b = b[min(size, len(b)):] {
						here.Write(b[:min(size, len(b))])
					}
					here.Close()
				}()
				s := new(collector)
				err := c.Serve(s)
				there.Close()
				if err == nil || !strings.Contains(err.Error(), row.err) {
					t.Fatalf("cut at %d: %v, want %q", size, err, row.err)
				}
				if s.data.String() != row.want || len(s.frames) != row.pongs {
					t.Fatalf("cut at %d: %d bytes, %d pongs", size, s.data.Len(), len(s.frames))
				}
			}
		})
	}
}

// Small frames that come together go on together: the layers above pay once for each chunk, and once more for a ping.
func TestSmallFramesTogether(t *testing.T) {
	here, there := tcpPair(t)
	var stream []byte
	for i := range 100 {
		if stream = append(stream, masked(0x82, "PUB foo 1\r\nx\r\n")...); i == 50 {
			stream = append(stream, masked(0x89, "")...)
		}
	}
	here.Write(stream)
	here.Close()
	c := transport.NewConn(there)
	c.UpgradeWS(ws.Server, transport.Framing{})
	s := new(collector)
	if err := c.Serve(s); err != io.EOF || s.data.String() != strings.Repeat("PUB foo 1\r\nx\r\n", 100) || len(s.frames) != 1 {
		t.Fatalf("%v, %d bytes, %d pongs", err, s.data.Len(), len(s.frames))
	}
	if s.pieces > 2 {
		t.Errorf("%d pieces", s.pieces)
	}
}

// A peer that has not authenticated can make us hold and inflate little.
func TestUntrustedCompression(t *testing.T) {
	bomb := compressed(strings.Repeat("\x00", 1<<20))
	for _, row := range []struct {
		name    string
		frames  [][]byte
		trusted bool
		ok      bool
	}{
		{"bomb", [][]byte{masked(0xC2, bomb)}, false, false},
		{"bomb, trusted", [][]byte{masked(0xC2, bomb)}, true, true},
		{"huge bomb, trusted", [][]byte{masked(0xC2, compressed(strings.Repeat("\x00", 40<<20)))}, true, false},
		{"many fragments", bytesRepeat(masked(0x42, "x"), masked(0x00, "x"), 10_000), true, false},
		{"long fragments", bytesRepeat(masked(0x42, "x"), masked(0x00, strings.Repeat("x", 1000)), 20), false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			here, there := net.Pipe()
			defer here.Close()
			c := transport.NewConn(there)
			c.UpgradeWS(ws.Server, transport.Framing{Deflate: true})
			if row.trusted {
				c.Trust()
			}
			go func() {
				here.Write(bytes.Join(row.frames, nil))
				here.Close()
			}()
			s := new(collector)
			err := c.Serve(s)
			there.Close()
			if row.ok != (err == io.EOF) || !row.ok && !errors.Is(err, transport.ErrMessageTooBig) {
				t.Errorf("Serve: %v", err)
			}
			if !row.trusted && s.data.Len() > 32<<10 {
				t.Errorf("%d bytes were inflated", s.data.Len())
			}
		})
	}
}

func bytesRepeat(first, next []byte, n int) [][]byte {
	all := [][]byte{first}
	for range n {
		all = append(all, next)
	}
	return all
}
