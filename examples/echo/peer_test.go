package main

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/ws"
)

// The conformance tests speak raw frames over loopback, by families: framing, pings, reserved bits, opcodes, fragments,
// UTF-8, closing, limits, compression. What the peer below sends and reads shares no code with package ws.

// patience bounds a whole conversation.
const patience = time.Minute

var plainPolicy = ws.UpgradePolicy{}

// serveEcho starts a server for one test and returns its address. The test ends when all its connections have ended.
func serveEcho(t testing.TB, policy ws.UpgradePolicy) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	handler := upgrader(&policy)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		handler(w, r)
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
		open.Wait()
	})
	return l.Addr().String()
}

// peer is the client's side of a connection.
type peer struct {
	testing.TB
	nc         net.Conn
	in         *bufio.Reader
	extensions string // the server's answer
}

// dial upgrades with the given value of Sec-WebSocket-Extensions, and may send bytes along with the request.
func dial(t testing.TB, addr, offer, early string) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	request := "GET /echo HTTP/1.1\r\nHost: " + addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if offer != "" {
		request += "Sec-WebSocket-Extensions: " + offer + "\r\n"
	}
	if _, err := io.WriteString(nc, request+"\r\n"+early); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReaderSize(nc, 64<<10)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 101 || resp.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%s %v", resp.Status, resp.Header)
	}
	return &peer{t, nc, in, resp.Header.Get("Sec-Websocket-Extensions")}
}

// First bytes of frames; those with More have no FIN.
const (
	text, binMsg      = 0x81, 0x82
	textMore, binMore = 0x01, 0x02
	cont, contMore    = 0x80, 0x00
	closing           = 0x88
	ping, pong        = 0x89, 0x8a
	rsv1              = 0x40
)

// frame is one masked frame in the shortest form.
func frame(b0 byte, payload string) string {
	f := make([]byte, 0, len(payload)+14)
	switch n := len(payload); {
	case n < 126:
		f = append(f, b0, 0x80|byte(n))
	case n < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, b0, 0x80|126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, b0, 0x80|127), uint64(n))
	}
	f = append(f, maskPad[:4]...)
	for len(payload) > 0 {
		n := min(len(payload), len(maskPad))
		f = append(f, payload[:n]...)
		masked := f[len(f)-n:]
		subtle.XORBytes(masked, masked, maskPad)
		payload = payload[n:]
	}
	return string(f)
}

// maskPad repeats a masking key.
var maskPad = bytes.Repeat([]byte{0x37, 0xfa, 0x21, 0x3d}, 1024)

// status is the payload of a close frame.
func status(code int, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

func join(frames ...string) string { return strings.Join(frames, "") }

// fragments cuts a message into frames of at most n bytes; b0 is that of the whole message.
func fragments(b0 byte, message string, n int) []string {
	var list []string
	first := b0 &^ 0x80
	for len(message) > n {
		list = append(list, frame(first, message[:n]))
		message, first = message[n:], contMore
	}
	return append(list, frame(first|0x80, message))
}

// send writes in pieces of at most chop bytes; 0 is all at once. The server may close before it has all of it.
func (p *peer) send(stream string, chop int) {
	if chop == 0 {
		chop = max(1, len(stream))
	}
	for len(stream) > 0 {
		n := min(chop, len(stream))
		if _, err := io.WriteString(p.nc, stream[:n]); err != nil {
			return // reading tells
		}
		stream = stream[n:]
	}
}

// receive reads one frame; "" is the end of the connection.
func (p *peer) receive() (b0 byte, payload string) {
	p.Helper()
	var head [10]byte
	if _, err := io.ReadFull(p.in, head[:2]); err != nil {
		if err != io.EOF {
			p.Fatalf("the connection did not end well: %v", err)
		}
		return 0, ""
	}
	b0 = head[0]
	n, least := int(head[1]), 0
	switch n {
	case 126:
		io.ReadFull(p.in, head[2:4])
		n, least = int(binary.BigEndian.Uint16(head[2:])), 126
	case 127:
		io.ReadFull(p.in, head[2:])
		n, least = int(binary.BigEndian.Uint64(head[2:])), 1<<16
	}
	if n < least || n > maxPacked || head[0]&0x30 != 0 {
		p.Fatalf("the server sent a frame that begins with % x", head[:])
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(p.in, body); err != nil {
		p.Fatalf("a frame of %d bytes is cut: %v", n, err)
	}
	return b0, string(body)
}

// said is a frame as tests write it down: the words of long payloads are cut.
func said(b0 byte, payload string) string {
	name := map[byte]string{text: "text", binMsg: "binary", ping: "ping", pong: "pong"}[b0]
	switch {
	case b0 == 0:
		return "end"
	case b0 == closing && len(payload) == 0:
		return "close"
	case b0 == closing && len(payload) > 1:
		return fmt.Sprintf("close %d", binary.BigEndian.Uint16([]byte(payload)))
	case name == "":
		name = fmt.Sprintf("frame %#x", b0)
	}
	if len(payload) > 200 {
		payload = fmt.Sprintf("%s... %d bytes", payload[:40], len(payload))
	}
	return fmt.Sprintf("%s %q", name, payload)
}

// expect reads frames until they are as wanted; a last one "end" is the end of the connection.
func (p *peer) expect(want ...string) {
	p.Helper()
	for i, w := range want {
		if got := said(p.receive()); got != w {
			p.Fatalf("answer %d: got %s, want %s", i+1, got, w)
		}
	}
}

// bye closes from our side.
func (p *peer) bye() {
	p.Helper()
	p.send(frame(closing, status(1000, "bye")), 0)
	p.expect("close 1000", "end")
}

// exchange is frames that we send, and what has to come back.
type exchange struct {
	name string
	send []string
	want []string // after a last one that begins with "close" the connection ends; otherwise it goes on
}

// run tries each exchange on connections of its own: all in one write, frame by frame, and byte by byte.
func run(t *testing.T, addr, offer string, list []exchange) {
	t.Helper()
	for _, x := range list {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			for _, how := range []string{"whole", "by frame", "by byte"} {
				p := dial(t, addr, offer, "")
				switch how {
				case "whole":
					p.send(join(x.send...), 0)
				case "by frame":
					for _, f := range x.send {
						p.send(f, 0)
					}
				default:
					p.send(join(x.send...), 1)
				}
				p.expect(x.want...)
				if n := len(x.want); n > 0 && strings.HasPrefix(x.want[n-1], "close") {
					p.expect("end")
				} else {
					p.bye()
				}
				p.nc.Close()
			}
		})
	}
}
