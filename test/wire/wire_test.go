package wire

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// TestFrameExamples has the bytes of RFC 6455 §5.7.
func TestFrameExamples(t *testing.T) {
	rows := []struct {
		frame Frame
		want  string
	}{
		{Frame{Opcode: Text, Bare: true, Payload: []byte("Hello")}, "810548656c6c6f"},
		{Frame{Opcode: Text, Payload: []byte("Hello")}, "818537fa213d7f9f4d5158"},
		{Frame{Opcode: Text, More: true, Bare: true, Payload: []byte("Hel")}, "010348656c"},
		{Frame{Opcode: Continuation, Bare: true, Payload: []byte("lo")}, "80026c6f"},
		{Frame{Opcode: Ping, Bare: true, Payload: []byte("Hello")}, "890548656c6c6f"},
		{Frame{Opcode: Pong, Payload: []byte("Hello")}, "8a8537fa213d7f9f4d5158"},
	}
	for _, row := range rows {
		if got := hex.EncodeToString(row.frame.Append(nil)); got != row.want {
			t.Errorf("%+v is %s, want %s", row.frame, got, row.want)
		}
	}
}

func TestReadFrame(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65_535, 65_536} {
		sent := Frame{Opcode: Binary, Bare: true, Payload: bytes.Repeat([]byte("x"), size)}
		got, err := ReadFrame(bufio.NewReader(bytes.NewReader(sent.Append(nil))))
		if err != nil || got.Opcode != Binary || !bytes.Equal(got.Payload, sent.Payload) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	for name, bad := range map[string]Frame{
		"masked":            {Opcode: Binary, Payload: []byte("x")},
		"length in 16 bits": {Opcode: Binary, Bare: true, Form: 16, Payload: []byte("x")},
		"length in 64 bits": {Opcode: Binary, Bare: true, Form: 64, Payload: make([]byte, 300)},
		"long ping":         {Opcode: Ping, Bare: true, Payload: make([]byte, 126)},
		"ping in fragments": {Opcode: Ping, Bare: true, More: true},
	} {
		if f, err := ReadFrame(bufio.NewReader(bytes.NewReader(bad.Append(nil)))); err == nil {
			t.Errorf("%s was read as %+v", name, f)
		}
	}
	cut := Frame{Opcode: Binary, Bare: true, Payload: []byte("hello")}.Append(nil)
	if _, err := ReadFrame(bufio.NewReader(bytes.NewReader(cut[:4]))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a frame: %v", err)
	}
}

// received plays the server: it writes text and closes.
func received(t *testing.T, compressed bool, text []byte) *Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = ours.Close() })
	go func() {
		_, _ = theirs.Write(text)
		_ = theirs.Close()
	}()
	return &Conn{Conn: ours, Compressed: compressed, r: bufio.NewReader(ours)}
}

func TestNext(t *testing.T) {
	bare := func(op byte, more bool, rsv byte, payload string) []byte {
		return Frame{Opcode: op, More: more, RSV: rsv, Bare: true, Payload: []byte(payload)}.Append(nil)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	deflated := string(Deflate([]byte(strings.Repeat("abc", 100))))

	m, err := received(t, true, join(bare(Binary, true, RSV1, deflated[:2]), bare(Ping, false, 0, "p"),
		bare(Continuation, false, 0, deflated[2:]))).Next()
	if err != nil || !m.Compressed || m.Fragments != 2 || string(m.Payload) != strings.Repeat("abc", 100) {
		t.Errorf("compressed in fragments: %+v, %v", m, err)
	}
	for name, bad := range map[string][]byte{
		"continues nothing":    bare(Continuation, false, 0, ""),
		"message in a message": join(bare(Binary, true, 0, ""), bare(Binary, false, 0, "")),
		"rsv2":                 bare(Binary, false, RSV2, ""),
		"rsv1 on continuation": join(bare(Binary, true, 0, ""), bare(Continuation, false, RSV1, "")),
		"ends in a message":    bare(Binary, true, 0, ""),
	} {
		if m, err := received(t, true, bad).Next(); err == nil {
			t.Errorf("%s was read as %+v", name, m)
		}
	}
	if m, err := received(t, false, bare(Binary, false, RSV1, deflated)).Next(); err == nil {
		t.Errorf("compressed without agreement was read as %+v", m)
	}
	for want, text := range map[CloseError][]byte{
		{Code: 1006}:              nil,
		{Code: 1005}:              bare(Close, false, 0, ""),
		{Code: 1001, Text: "bye"}: bare(Close, false, 0, "\x03\xe9bye"),
	} {
		var got *CloseError
		if _, err := received(t, false, text).Next(); !errors.As(err, &got) || *got != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if _, err := received(t, false, join(bare(Close, false, 0, ""), bare(Binary, false, 0, ""))).Next(); err == nil ||
		!strings.Contains(err.Error(), "after that") {
		t.Errorf("a frame after the close frame: %v", err)
	}
}
