package config

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"weir/internal/conf"
)

// docs/configuration.md names every key of a websocket block, and no other.
func TestKeysAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`(?s)## .websocket.*\n## Elsewhere`).Find(page)
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllSubmatch(section, -1) {
		for _, key := range regexp.MustCompile("`([a-z_]+)`").FindAllSubmatch(row[1], -1) {
			listed = append(listed, string(key[1]))
		}
	}
	slices.Sort(listed)
	var known []string
	for _, keys := range []conf.Table[WebSocket]{webSocketKeys, deflateKeys} {
		for key := range keys {
			known = append(known, key)
		}
	}
	for key := range limitsKeys {
		known = append(known, key)
	}
	slices.Sort(known)
	if !slices.Equal(listed, known) {
		t.Errorf("\nthe page has %q\nthe keys are %q", listed, known)
	}
}
