package transcripts

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"weir/test/process"
)

func TestMain(m *testing.M) { process.Main(m) }

func TestScripts(t *testing.T) {
	scripts, err := Load(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) == 0 {
		t.Fatal("no scripts")
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, script := range scripts {
			if script.Only != "" && script.Only != target {
				continue
			}
			t.Run(script.Name, func(t *testing.T) {
				t.Parallel()
				for _, over := range script.transports(target) {
					t.Run(over, func(t *testing.T) { perform(t, target, script, over) })
				}
			})
		}
	})
}

// perform plays a script on a server of its own.
func perform(t *testing.T, target process.Target, script Script, over string) {
	d := stage(t, target, over, process.Options{Config: script.Config, Args: script.Args})
	size, err := play(script, d, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !script.Cut {
		return
	}
	if _, err := play(script, d, bytewise); err != nil {
		t.Errorf("one byte at a time: %v", err)
	}
	pace, err := newPacer(d.server)
	if err != nil {
		t.Fatal(err)
	}
	defer pace.close()
	for at := 1; at < size; at++ {
		if _, err := play(script, d, pace.cut(at)); err != nil {
			t.Fatalf("cut after %d of %d bytes: %v", at, size, err)
		}
	}
}

// bytewise writes every byte on its own, which is a frame of its own on a WebSocket.
func bytewise(p *peer, b []byte) error {
	for chunk := range slices.Chunk(b, 1) {
		p.put(chunk)
	}
	return nil
}

// pacer is a second connection. A round trip on it gives the server the time to read what came on the first.
type pacer struct {
	nc net.Conn
	r  *bufio.Reader
}

func newPacer(s *process.Server) (*pacer, error) {
	nc, err := net.Dial("tcp", s.Client)
	if err != nil {
		return nil, err
	}
	p := &pacer{nc: nc, r: bufio.NewReader(nc)}
	if _, err := fmt.Fprint(nc, "CONNECT {\"verbose\":false}\r\n"); err != nil {
		return nil, err
	}
	return p, p.roundTrip()
}

func (p *pacer) close() { _ = p.nc.Close() }

func (p *pacer) roundTrip() error {
	if err := p.nc.SetDeadline(time.Now().Add(process.Patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprint(p.nc, "PING\r\n"); err != nil {
		return err
	}
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("pacer: %w", err)
		}
		if line == "PONG\r\n" {
			return nil
		}
		if line == "PING\r\n" {
			if _, err := fmt.Fprint(p.nc, "PONG\r\n"); err != nil {
				return err
			}
		}
	}
}

// cut returns a split that cuts connection 1 after that many bytes.
func (p *pacer) cut(at int) func(*peer, []byte) error {
	return func(c *peer, b []byte) error {
		here := at - c.written
		if here <= 0 || here >= len(b) {
			c.put(b)
			return nil
		}
		c.put(b[:here])
		err := p.roundTrip()
		c.put(b[here:])
		return err
	}
}
