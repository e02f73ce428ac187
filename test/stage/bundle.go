package stage

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	requires = regexp.MustCompile(`\brequire\("([^"]+)"\)`)
	exports  = regexp.MustCompile(`(?m)^exports\.(\w+) = |Object\.defineProperty\(exports, "(\w+)"`)
)

// bundle returns a CommonJS package and all it requires as one ES module. The npm packages of nats-core are CommonJS,
// and a browser can load only ES modules; anybody who uses them in a page has a bundler.
func bundle(modules, name string) ([]byte, error) {
	entry, err := resolve(modules, "", name)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	out.WriteString("const sources = {\n")
	seen := map[string]bool{}
	if err := include(&out, modules, entry, seen); err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, `};
const loaded = {};
function load(path) {
  if (!(path in loaded)) {
    const module = (loaded[path] = { exports: {} });
    sources[path](module, module.exports, load);
  }
  return loaded[path].exports;
}
const entry = load(%q);
export default entry;
`, entry)
	text, err := os.ReadFile(entry)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{"__esModule": true}
	for _, m := range exports.FindAllSubmatch(text, -1) {
		if key := string(m[1]) + string(m[2]); !named[key] {
			named[key] = true
			fmt.Fprintf(&out, "export const %s = entry.%s;\n", key, key)
		}
	}
	return []byte(out.String()), nil
}

// include writes one file and all that it requires. Paths of required files are made absolute.
func include(out *strings.Builder, modules, path string, seen map[string]bool) error {
	if seen[path] {
		return nil
	}
	seen[path] = true
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var needed []string
	source := requires.ReplaceAllStringFunc(string(text), func(call string) string {
		target, err2 := resolve(modules, filepath.Dir(path), requires.FindStringSubmatch(call)[1])
		if err2 != nil {
			err = err2
			return call
		}
		needed = append(needed, target)
		return fmt.Sprintf("require(%q)", target)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%q(module, exports, require) {\n%s\n},\n", path, source)
	for _, target := range needed {
		if err := include(out, modules, target, seen); err != nil {
			return err
		}
	}
	return nil
}

// resolve finds the file that require(name) in a folder means: a neighbour, or a package of node_modules.
func resolve(modules, dir, name string) (string, error) {
	if strings.HasPrefix(name, ".") {
		path := filepath.Join(dir, name)
		if !strings.HasSuffix(path, ".js") {
			path += ".js"
		}
		return path, nil
	}
	folder := filepath.Join(modules, filepath.FromSlash(name))
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return "", err
	}
	var pkg struct {
		Main    string         `json:"main"`
		Exports map[string]any `json:"exports"`
	}
	if err := json.Unmarshal(text, &pkg); err != nil {
		return "", err
	}
	if path, ok := pkg.Exports["."].(string); ok {
		pkg.Main = path
	}
	if pkg.Main == "" {
		return "", fmt.Errorf("package %s names no file", name)
	}
	return filepath.Join(folder, pkg.Main), nil
}
