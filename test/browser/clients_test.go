package browser

import (
	"encoding/json"
	"fmt"
	"testing"

	"weir/test/process"
	"weir/test/stage"
)

// libraries are how a page gets them: nats-core is CommonJS and is bundled, nats.ws comes as an ES module.
var libraries = []struct{ name, module, connect string }{
	{"nats-core", "/bundle/@nats-io/nats-core", "wsconnect"},
	{"nats.ws", "/npm/nats.ws/esm/nats.js", "connect"},
}

// TestClients runs the features of js/features.mjs in a page, with the server's compression on and off. Chromium
// always offers it.
func TestClients(t *testing.T) {
	browser(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, library := range libraries {
			for _, compression := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/compression %v", library.name, compression), func(t *testing.T) {
					page := open(t, stage.Open(t, target).URL)
					page.do("evaluate", fmt.Sprintf(`import("/js/page.mjs").then((m) => m.open(%q, %q, %v))`,
						library.module, library.connect, compression))
					var names []string
					page.evaluate("window.names()", &names)
					if len(names) < 15 {
						t.Fatalf("the page has the features %q", names)
					}
					for _, name := range names {
						t.Run(name, func(t *testing.T) {
							quoted, err := json.Marshal(name)
							if err != nil {
								t.Fatal(err)
							}
							var outcome string
							page.evaluate(fmt.Sprintf("window.perform(%s)", quoted), &outcome)
							if outcome != "" {
								t.Error(outcome)
							}
						})
					}
				})
			}
		}
	})
}
