package wspeers_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/test/process"
	"weir/ws"
)

// echoBinary builds examples/echo once.
var echoBinary = sync.OnceValues(func() (string, error) {
	root, err := process.Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(buildFolder, "echo")
	cmd := exec.Command("go", "build", "-o", path, "./examples/echo")
	cmd.Dir = filepath.Dir(root)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./examples/echo: %v\n%s", err, out)
	}
	return path, nil
})

// weirServer runs examples/echo. It agrees to whatever the client offers.
func weirServer(t *testing.T, _ mode) server {
	t.Helper()
	binary, err := echoBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-listen", "127.0.0.1:0")
	process.Tie(cmd)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return server{url: strings.TrimSpace(url)}
}

// weirPeer is a client on package ws.
type weirPeer struct {
	nc      net.Conn
	in      *bufio.Reader
	deflate bool
	policy  ws.DeflatePolicy
	rand    *rand.Rand // of the sender

	out, inbound ws.Window
	dec          ws.Decoder
	chunk        []byte // read and not decoded
	buf          [16 << 10]byte
	pongs        int // to come

	write sync.Mutex
}

func weirClient(t *testing.T, url string, m mode) talker {
	t.Helper()
	host := strings.TrimPrefix(url, "ws://")
	nc, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	p := &weirPeer{nc: nc, in: bufio.NewReader(nc), rand: rand.New(rand.NewPCG(7, 7))}
	req := ws.Request{Host: host, Path: "/", Key: ws.NewKey()}
	if m.deflate {
		p.policy = ws.DeflatePolicy{ContextTakeover: m.takeover, WindowBits: m.bits}
		req.Deflate = &p.policy
	}
	if _, err := nc.Write(req.Append(nil)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	params, deflate, err := req.Check(resp)
	if err != nil || deflate != m.deflate {
		t.Fatalf("compression %t, %v; the server answers %q", deflate, err, resp.Header["Sec-Websocket-Extensions"])
	}
	if full := m.takeover && m.bits == 15; full && !(params.Out.Takeover && params.In.Takeover) {
		t.Fatalf("no takeover; the server answers %q", resp.Header["Sec-Websocket-Extensions"])
	}
	p.deflate, p.out, p.inbound = deflate, params.Out.NewWindow(), params.In.NewWindow()
	p.dec = ws.NewDecoder(ws.Client, ws.DecoderOptions{Deflate: deflate})
	return p
}

// send divides the message, compressed or not, at random places.
func (p *weirPeer) send(op ws.Opcode, payload []byte, pieces int) error {
	compressed := p.deflate && p.rand.IntN(5) > 0 // RFC 7692 §6: each message as one likes
	if compressed {
		payload = ws.FinishMessage(p.out.AppendDeflated(nil, payload, p.rand.IntN(10)), true)
	}
	var stream []byte
	for first := true; pieces > 0; pieces, first = pieces-1, false {
		n := len(payload)
		if pieces > 1 {
			n = p.rand.IntN(n + 1)
		}
		frameOp := ws.OpContinuation
		if first {
			frameOp = op
		}
		mask := ws.NewMaskKey()
		stream = ws.AppendHeader(stream, pieces == 1, compressed && first, frameOp, n, &mask)
		head := len(stream)
		stream = append(stream, payload[:n]...)
		ws.Mask(stream[head:], mask, 0)
		payload = payload[n:]
		if p.rand.IntN(10) == 0 {
			mask := ws.NewMaskKey()
			stream = ws.AppendControl(stream, ws.OpPong, []byte("unasked"), &mask)
		}
	}
	return p.put(stream)
}

func (p *weirPeer) put(stream []byte) error {
	p.write.Lock()
	defer p.write.Unlock()
	_, err := p.nc.Write(stream)
	return err
}

// next decodes the next event.
func (p *weirPeer) next() (ws.Event, error) {
	for {
		ev, rest, err := p.dec.Next(p.chunk)
		if p.chunk = rest; err != nil || ev.Kind != ws.EventNone {
			return ev, err
		}
		n, err := p.in.Read(p.buf[:])
		if err != nil {
			return ev, err
		}
		p.chunk = p.buf[:n]
	}
}

func (p *weirPeer) receive() (ws.Opcode, []byte, error) {
	var message []byte
	for {
		ev, err := p.next()
		if err != nil {
			return 0, nil, err
		}
		switch ev.Kind {
		case ws.EventClose:
			mask := ws.NewMaskKey()
			p.put(ws.AppendControl(nil, ws.OpClose, ev.Payload, &mask))
			return 0, nil, &closed{ev.Code, ev.Reason}
		case ws.EventPing:
			mask := ws.NewMaskKey()
			p.put(ws.AppendControl(nil, ws.OpPong, ev.Payload, &mask))
		case ws.EventData:
			if message = append(message, ev.Payload...); !ev.End {
				continue
			}
			if ev.Compressed {
				message, err = p.inflate(message)
			}
			return ev.Opcode, message, err
		}
	}
}

func (p *weirPeer) inflate(packed []byte) (raw []byte, err error) {
	_, err = p.inbound.Inflate(packed, ws.InflateLimit{MaxBytes: 16 << 20}, func(piece []byte) error {
		raw = append(raw, piece...)
		return nil
	})
	return raw, err
}

// ping is called with no message under way, so the next event is the pong. With takeover it has no payload, because gws
// remembers that of its pong as if it had been compressed, and its next message refers to what nobody else knows.
func (p *weirPeer) ping() error {
	mask := ws.NewMaskKey()
	var payload []byte
	if !p.policy.ContextTakeover {
		payload = fmt.Appendf(nil, "ping %d", p.rand.IntN(1000))
	}
	if err := p.put(ws.AppendControl(nil, ws.OpPing, payload, &mask)); err != nil {
		return err
	}
	ev, err := p.next()
	if err == nil && (ev.Kind != ws.EventPong || !bytes.Equal(ev.Payload, payload)) {
		err = fmt.Errorf("got %s %q for a ping", ev.Opcode, ev.Payload)
	}
	return err
}

func (p *weirPeer) close(code ws.CloseCode, reason string) error {
	mask := ws.NewMaskKey()
	if err := p.put(ws.AppendClose(nil, code, reason, &mask)); err != nil {
		return err
	}
	ev, err := p.next()
	if err != nil {
		return err
	}
	if ev.Kind != ws.EventClose || ev.Code != code {
		return errors.New("answered by " + ev.Opcode.String() + " " + ev.Code.String())
	}
	return nil
}
