package wspeers_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"weir/ws"
)

// coderMode knows windows of 15 bits only; asked for less, it falls back to what the other side allows.
func coderMode(m mode) websocket.CompressionMode {
	switch {
	case !m.deflate:
		return websocket.CompressionDisabled
	case m.takeover:
		return websocket.CompressionContextTakeover
	}
	return websocket.CompressionNoContextTakeover
}

func coderServer(t *testing.T, m mode) server {
	heard := make(chan ws.CloseCode, 100)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: coderMode(m), CompressionThreshold: 1})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		for {
			kind, payload, err := c.Read(ctx)
			if err != nil {
				heard <- ws.CloseCode(websocket.CloseStatus(err))
				return
			}
			if string(payload) == closeOrder {
				c.Close(websocket.StatusCode(orderedCode), orderedReason)
				return
			}
			if c.Write(ctx, kind, payload) != nil {
				return
			}
		}
	}))
	t.Cleanup(func() {
		cancel()
		s.Close()
	})
	return server{"ws" + strings.TrimPrefix(s.URL, "http"), heard}
}

type coderPeer struct {
	c   *websocket.Conn
	ctx context.Context
}

func coderClient(t *testing.T, url string, m mode) talker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	c, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{CompressionMode: coderMode(m), CompressionThreshold: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	m.bits = 15
	if got, want := resp.Header.Get("Sec-WebSocket-Extensions"), wantAnswer(m); got != want {
		t.Fatalf("the server answers %q, want %q", got, want)
	}
	c.SetReadLimit(-1)
	return &coderPeer{c, ctx}
}

func (p *coderPeer) send(op ws.Opcode, payload []byte, pieces int) error {
	if pieces == 1 {
		return p.c.Write(p.ctx, websocket.MessageType(op), payload)
	}
	w, err := p.c.Writer(p.ctx, websocket.MessageType(op))
	if err != nil {
		return err
	}
	for ; pieces > 0; pieces-- {
		n := len(payload) / pieces
		if _, err := w.Write(payload[:n]); err != nil {
			return err
		}
		payload = payload[n:]
	}
	return w.Close()
}

func (p *coderPeer) receive() (ws.Opcode, []byte, error) {
	kind, payload, err := p.c.Read(p.ctx)
	var end websocket.CloseError
	if errors.As(err, &end) {
		return 0, nil, &closed{ws.CloseCode(end.Code), end.Reason}
	}
	return ws.Opcode(kind), payload, err
}

// ping needs a reader beside it, so messages are echoed until the pong is there.
func (p *coderPeer) ping() error {
	pong := make(chan error, 1)
	go func() { pong <- p.c.Ping(p.ctx) }()
	for {
		if err := p.c.Write(p.ctx, websocket.MessageText, []byte("beside the ping")); err != nil {
			return err
		}
		if _, _, err := p.receive(); err != nil {
			return err
		}
		select {
		case err := <-pong:
			return err
		default:
		}
	}
}

func (p *coderPeer) close(code ws.CloseCode, reason string) error {
	return p.c.Close(websocket.StatusCode(code), reason)
}
