package stage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBundle(t *testing.T) {
	modules := t.TempDir()
	for name, text := range map[string]string{
		"@a/one/package.json": `{"exports": {".": "./lib/mod.js"}}`,
		"@a/one/lib/mod.js":   "exports.hello = require(\"./deep/part\").hello;\n",
		"@a/one/lib/deep/part.js": "const two_1 = require(\"two\");\n" +
			"Object.defineProperty(exports, \"hello\", { get: function () { return two_1.hello; } });\n",
		"two/package.json":     `{"main": "main.js"}`,
		"two/main.js":          "exports.hello = \"world\";\nrequire(\"@a/one\");\n",
		"lost/package.json":    `{"main": "main.js"}`,
		"lost/main.js":         `require("nowhere")`,
		"nothing/package.json": `{}`,
	} {
		path := filepath.Join(modules, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := bundle(modules, "@a/one")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"export const hello = entry.hello;", filepath.Join(modules, "two", "main.js"), "export default entry"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, name := range []string{"lost", "nothing", "unknown"} {
		if _, err := bundle(modules, name); err == nil {
			t.Errorf("package %s was bundled", name)
		}
	}
}
