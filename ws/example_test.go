package ws_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"

	"weir/ws"
)

// echo is what a server does with the bytes that it has read: it returns the bytes to write.
func echo(d *ws.Decoder, chunk []byte) (out []byte, open bool) {
	for {
		ev, rest, err := d.Next(chunk)
		if bad, ok := err.(*ws.ProtocolError); ok {
			return ws.AppendClose(out, bad.Code, bad.Text, nil), false
		}
		switch ev.Kind {
		case ws.EventNone:
			return out, true
		case ws.EventData: // each piece goes back as a message of its own; nothing is kept
			out = ws.AppendHeader(out, true, false, ws.OpBinary, len(ev.Payload), nil)
			out = append(out, ev.Payload...)
		case ws.EventPing:
			out = ws.AppendControl(out, ws.OpPong, ev.Payload, nil)
		case ws.EventClose:
			return ws.AppendControl(out, ws.OpClose, ev.Payload, nil), false
		}
		chunk = rest
	}
}

// A client and an echo server in one process, with byte slices for a network.
func Example() {
	// The handshake.
	key := ws.NewKey()
	request := ws.AppendRequest(nil, "echo.example", "/", key, nil, false)

	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		fmt.Println(err)
		return
	}
	upgrade, refusal := ws.CheckUpgrade(r, &ws.UpgradePolicy{SameOrigin: true})
	if refusal != nil { // a server calls refusal.Refuse(w)
		fmt.Println(refusal.Status, refusal.Reason)
		return
	}
	response := upgrade.AppendResponse(nil)

	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), r)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := ws.CheckResponse(resp, key, false); err != nil {
		fmt.Println(err)
		return
	}

	// The client writes a message, a ping and a close frame, each with a key of its own.
	mask := ws.NewMaskKey()
	sent := ws.AppendHeader(nil, true, false, ws.OpText, len("hello"), &mask)
	sent = append(sent, "hello"...)
	ws.Mask(sent[len(sent)-len("hello"):], mask, 0)
	mask = ws.NewMaskKey()
	sent = ws.AppendControl(sent, ws.OpPing, []byte("still there?"), &mask)
	mask = ws.NewMaskKey()
	sent = ws.AppendClose(sent, ws.CloseNormal, "bye", &mask)

	// The server reads it in chunks of any size, and the client reads what comes back.
	server := ws.NewDecoder(ws.Server, ws.DecoderOptions{Deflate: upgrade.Deflate})
	client := ws.NewDecoder(ws.Client, ws.DecoderOptions{})
	for open := true; open; {
		var received []byte
		n := min(len(sent), 16)
		received, open = echo(&server, sent[:n])
		sent = sent[n:]
		for {
			ev, rest, err := client.Next(received)
			if err != nil || ev.Kind == ws.EventNone {
				break
			}
			received = rest
			switch ev.Kind {
			case ws.EventClose:
				fmt.Printf("%s: %s, %q\n", ev.Opcode, ev.Code, ev.Reason)
			default:
				fmt.Printf("%s: %s\n", ev.Opcode, ev.Payload)
			}
		}
	}
	// Output:
	// binary: hello
	// pong: still there?
	// close: 1000 normal closure, "bye"
}

// One body, deflated once, goes to two receivers, each with a line of its own in front.
func ExampleAppendDeflated() {
	body := ws.AppendDeflated(nil, bytes.Repeat([]byte("the same for all; "), 100))
	for _, line := range []string{"to Ann: ", "to Bob: "} {
		message := ws.AppendStored(nil, []byte(line))
		message = ws.FinishMessage(append(message, body...), true)
		frame := ws.AppendHeader(nil, true, true, ws.OpBinary, len(message), nil)
		frame = append(frame, message...)

		n, err := ws.Inflate(message, ws.InflateLimit{MaxBytes: 4096}, func(p []byte) error {
			fmt.Printf("%.25s\n", p)
			return nil
		})
		fmt.Println(n, "bytes from a frame below 100 bytes:", len(frame) < 100, err)
	}
	// Output:
	// to Ann: the same for all;
	// 1808 bytes from a frame below 100 bytes: true <nil>
	// to Bob: the same for all;
	// 1808 bytes from a frame below 100 bytes: true <nil>
}

// With context takeover the second message is mostly a reference to the first.
func ExampleWindow() {
	policy := ws.DeflatePolicy{ContextTakeover: true}
	answer, agreed, _ := policy.Negotiate([]string{"permessage-deflate; client_max_window_bits"})
	fmt.Println(answer)

	sent, received := agreed.Out.NewWindow(), agreed.Out.NewWindow() // ours, and the one that the client keeps
	client := ws.NewDecoder(ws.Client, ws.DecoderOptions{Deflate: true})
	for _, message := range []string{
		`{"sensor":"kitchen window","unit":"degrees Celsius","value":21.5}`,
		`{"sensor":"kitchen window","unit":"degrees Celsius","value":21.7}`,
	} {
		frame := sent.AppendMessage(nil, ws.OpText, []byte(message), policy, nil)
		ev, _, err := client.Next(frame)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(message), "bytes, a quarter of them on the wire:", len(ev.Payload) < len(message)/4)
		received.Inflate(ev.Payload, ws.InflateLimit{MaxBytes: 4096}, func(p []byte) error {
			fmt.Printf("%s\n", p)
			return nil
		})
	}
	// Output:
	// permessage-deflate
	// 65 bytes, a quarter of them on the wire: false
	// {"sensor":"kitchen window","unit":"degrees Celsius","value":21.5}
	// 65 bytes, a quarter of them on the wire: true
	// {"sensor":"kitchen window","unit":"degrees Celsius","value":21.7}
}

// Text that comes in pieces is refused by the first byte that can not belong to it.
func ExampleUTF8() {
	var text ws.UTF8
	for _, piece := range []string{"caf\xc3", "\xa9 ", "\xed\xa0", "\x80"} {
		fmt.Printf("%q %t\n", piece, text.Valid([]byte(piece)))
	}
	// Output:
	// "caf\xc3" true
	// "\xa9 " true
	// "\xed\xa0" false
	// "\x80" false
}
