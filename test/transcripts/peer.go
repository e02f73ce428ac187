package transcripts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"

	"weir/test/wire"
)

// peer is the client's side of one connection: a stream of lines, whatever carries it.
type peer struct {
	nc   net.Conn
	ws   *wire.Conn // nil on tcp
	buf  []byte     // received and not yet taken
	end  *wire.CloseError
	left bool // the client has ended the connection

	written int
	// split is called with the bytes of one write; it returns where to cut them.
	split func(p *peer, b []byte) error
}

// write sends b, in pieces if the run asks for that. An error is not reported: what the server did to the connection
// is seen by reading.
func (p *peer) write(b []byte) error {
	if p.split != nil {
		return p.split(p, b)
	}
	p.put(b)
	return nil
}

// put sends b in one piece.
func (p *peer) put(b []byte) {
	if len(b) == 0 {
		return
	}
	p.written += len(b)
	if p.ws == nil {
		_, _ = p.nc.Write(b)
		return
	}
	_ = p.ws.SendMessage(b)
}

// fill reads once. At the end of the connection it sets end and returns io.EOF.
func (p *peer) fill() error {
	if p.end != nil {
		return io.EOF
	}
	if p.ws == nil {
		chunk := make([]byte, 64<<10)
		n, err := p.nc.Read(chunk)
		p.buf = append(p.buf, chunk[:n]...)
		var timeout net.Error
		switch {
		case n > 0 || err == nil:
			return nil
		case errors.As(err, &timeout) && timeout.Timeout():
			return err
		}
		p.end = &wire.CloseError{Code: 1006}
		return io.EOF
	}
	m, err := p.ws.Next()
	switch {
	case errors.As(err, &p.end):
		return io.EOF
	case err != nil:
		return err
	case m.Opcode == wire.Ping || m.Opcode == wire.Pong:
		return fmt.Errorf("control frame %d %q", m.Opcode, m.Payload)
	}
	p.buf = append(p.buf, m.Payload...)
	return nil
}

// line returns the next line without its CR LF and without taking it.
func (p *peer) line() (string, error) {
	for seen := 0; ; {
		if at := bytes.IndexByte(p.buf[seen:], '\n'); at >= 0 {
			at += seen
			line := p.buf[:at]
			if !bytes.HasSuffix(line, []byte("\r")) {
				return "", fmt.Errorf("line %q ends with LF only", line)
			}
			return string(line[:at-1]), nil
		}
		seen = len(p.buf)
		if err := p.fill(); err != nil {
			if len(p.buf) > 0 {
				return "", fmt.Errorf("%q and then %w", p.buf, err)
			}
			return "", err
		}
	}
}

// take drops the line that line returned.
func (p *peer) take() { p.buf = p.buf[bytes.IndexByte(p.buf, '\n')+1:] }

// hangup ends the connection from the client's side: a half-closed tcp, or a close frame.
func (p *peer) hangup() {
	p.left = true
	if p.ws != nil {
		_ = p.ws.Send(wire.Frame{Opcode: wire.Close, Payload: []byte{0x03, 0xe8}}) // 1000
		return
	}
	if half, ok := p.nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = p.nc.Close() // a pipe has no half
}

// finish hangs up and expects the server to end the connection without another word.
func (p *peer) finish() error {
	if p.end == nil && !p.left {
		p.hangup()
	}
	for {
		line, err := p.line()
		switch {
		case err == io.EOF && p.ws != nil && p.left && p.end.Code != 1000:
			return fmt.Errorf("close 1000 was answered with %w", p.end)
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("waiting for the end: %w", err)
		case line != "PING":
			return fmt.Errorf("a line that nobody expected: %s", short(line))
		}
		p.take()
	}
}
