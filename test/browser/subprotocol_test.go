package browser

import (
	"fmt"
	"testing"

	"weir/test/process"
	"weir/test/stage"
)

// TestSubprotocol is a page that offers the subprotocol nats: nats-server does not answer the offer, and the browser gives up.
func TestSubprotocol(t *testing.T) {
	browser(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		want := "open nats"
		if target == process.Stock {
			want = "closed"
		}
		var got string
		open(t, stage.Open(t, target).URL).evaluate(fmt.Sprintf(`new Promise((resolve) => {
			const socket = new WebSocket("ws://%s", ["mqtt", "nats"]);
			socket.onopen = () => resolve("open " + socket.protocol);
			socket.onclose = () => resolve("closed");
		})`, server.WebSocket), &got)
		if got != want {
			t.Errorf("the page says %q, want %q", got, want)
		}
	})
}
