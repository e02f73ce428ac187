package wspeers_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"weir/ws"
)

// gwsDeflate is the agreement to ask for, or to accept.
func gwsDeflate(m mode) gws.PermessageDeflate {
	return gws.PermessageDeflate{
		Enabled: m.deflate, Threshold: 1, Level: 6, PoolSize: 1,
		ServerContextTakeover: m.takeover, ClientContextTakeover: m.takeover,
		ServerMaxWindowBits: m.bits, ClientMaxWindowBits: m.bits,
	}
}

// quiet keeps gws from writing about each connection that ends.
type quiet struct{}

func (quiet) Error(...any) {}

type gwsEcho struct {
	gws.BuiltinEventHandler
	heard chan ws.CloseCode
}

func (e *gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if m.Data.String() == closeOrder {
		c.WriteClose(uint16(orderedCode), []byte(orderedReason))
		return
	}
	c.WriteMessage(m.Opcode, m.Bytes())
}

// OnPing repeats the payload, which the built-in handler does not.
func (e *gwsEcho) OnPing(c *gws.Conn, payload []byte) { c.WritePong(payload) }

func (e *gwsEcho) OnClose(_ *gws.Conn, err error) {
	var end *gws.CloseError
	if errors.As(err, &end) {
		e.heard <- ws.CloseCode(end.Code)
	}
}

func gwsServer(t *testing.T, m mode) server {
	echo := &gwsEcho{heard: make(chan ws.CloseCode, 100)}
	upgrader := gws.NewUpgrader(echo, &gws.ServerOption{
		PermessageDeflate: gwsDeflate(m), CheckUtf8Enabled: true, Logger: quiet{}, Recovery: gws.Recovery,
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		c.ReadLoop()
	}))
	t.Cleanup(s.Close)
	return server{"ws" + strings.TrimPrefix(s.URL, "http"), echo.heard}
}

// gwsPeer turns the events of a connection into what receive returns.
type gwsPeer struct {
	gws.BuiltinEventHandler
	c        *gws.Conn
	messages chan message
	pongs    chan string
	done     chan error
}

func (p *gwsPeer) OnMessage(_ *gws.Conn, m *gws.Message) {
	p.messages <- message{op: ws.Opcode(m.Opcode), payload: bytes.Clone(m.Bytes())}
	m.Close()
}

func (p *gwsPeer) OnPong(_ *gws.Conn, payload []byte) { p.pongs <- string(payload) }

func (p *gwsPeer) OnClose(_ *gws.Conn, err error) {
	var end *gws.CloseError
	if errors.As(err, &end) {
		err = &closed{ws.CloseCode(end.Code), string(end.Reason)}
	}
	p.done <- err
}

func gwsClient(t *testing.T, url string, m mode) talker {
	t.Helper()
	p := &gwsPeer{messages: make(chan message, 100), pongs: make(chan string, 1), done: make(chan error, 1)}
	c, resp, err := gws.NewClient(p, &gws.ClientOption{
		Addr: url, PermessageDeflate: gwsDeflate(m), WriteMaxPayloadSize: 32 << 20, Logger: quiet{}, Recovery: gws.Recovery,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.NetConn().Close() })
	if got, want := resp.Header.Get("Sec-WebSocket-Extensions"), wantAnswer(m); got != want {
		t.Fatalf("the server answers %q, want %q", got, want)
	}
	c.SetDeadline(time.Now().Add(patience))
	p.c = c
	go c.ReadLoop()
	return p
}

// send fragments by its own rule: WriteFile cuts at 128 KiB of what it reads, or of what it has compressed.
func (p *gwsPeer) send(op ws.Opcode, payload []byte, pieces int) error {
	if pieces == 1 {
		return p.c.WriteMessage(gws.Opcode(op), payload)
	}
	return p.c.WriteFile(gws.Opcode(op), bytes.NewReader(payload))
}

func (p *gwsPeer) receive() (ws.Opcode, []byte, error) {
	select {
	case m := <-p.messages:
		return m.op, m.payload, nil
	case err := <-p.done:
		return 0, nil, err
	}
}

// ping has no payload: see weirPeer.ping.
func (p *gwsPeer) ping() error {
	if err := p.c.WritePing(nil); err != nil {
		return err
	}
	select {
	case <-p.pongs:
		return nil
	case err := <-p.done:
		return err
	}
}

// close can not wait for the answer: gws closes the connection behind its close frame.
func (p *gwsPeer) close(code ws.CloseCode, reason string) error {
	return p.c.WriteClose(uint16(code), []byte(reason))
}
