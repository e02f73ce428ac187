package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/nats-io/nats-server/v2/conf"
)

// Load reads the file at path, and returns its block and the hash of what was read (nats-server -t prints the same). The
// error is an [*Error] when the file is not in the language, and the system's own when it can not be read.
func Load(path string) (file Value, digest string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Value{}, "", err
	}
	file, err = parse(path, string(text), filepath.Dir(path), func() (m map[string]any, err error) {
		m, digest, err = conf.ParseFileWithChecksDigest(path)
		return m, err
	})
	return file, digest, err
}

// Parse reads text as [Load] reads a file; name stands for the file in errors. Includes are relative to the working
// directory.
func Parse(name string, text []byte) (Value, error) {
	return parse(name, string(text), ".", func() (map[string]any, error) { return conf.ParseWithChecks(string(text)) })
}

// parse calls the library. It keeps away from it what would end the process: files that include each other recurse
// without end, and a panic of the library is an error here. Includes are relative to dir.
func parse(name, text, dir string, library func() (map[string]any, error)) (file Value, err error) {
	if path := cycle(text, dir, nil); path != "" {
		return Value{}, &Error{Position{File: name}, fmt.Sprintf("include file '%s' includes itself", path)}
	}
	defer func() {
		if recover() != nil {
			file, err = Value{}, &Error{Position{File: name}, "config is invalid"}
		}
	}()
	m, err := library()
	if err != nil {
		return Value{}, syntaxError(name, redactSyntax(err.Error(), text, dir))
	}
	return Value{V: m, At: Position{File: name}}, nil
}

// invalidAt finds the position that the parser gives for a key without a value.
var invalidAt = regexp.MustCompile(`^config is invalid \(.*:(\d+):(\d+)\)$`)

// syntaxError names the file, which the parser's messages mostly do not.
func syntaxError(name, message string) *Error {
	m := invalidAt.FindStringSubmatch(message)
	if m == nil {
		return &Error{Position{File: name}, message}
	}
	line, _ := strconv.Atoi(m[1])
	column, _ := strconv.Atoi(m[2])
	return &Error{Position{name, line, column}, "config is invalid"}
}

var (
	comment = regexp.MustCompile(`(?m)^[ \t]*(#|//).*$`)
	include = regexp.MustCompile(`(?im)(?:^|[{};,])[ \t]*include[ \t]+(?:"([^"]*)"|'([^']*)'|([^\s"';}]+))`)
)

// cycle returns the path of a file that text includes and that includes itself in the end. The open files are those on
// the way to text.
func cycle(text, dir string, open []string) string {
	for _, m := range include.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
		path := filepath.Join(dir, m[1]+m[2]+m[3])
		if slices.Contains(open, path) {
			return path
		}
		inner, err := os.ReadFile(path)
		if err != nil {
			continue // the library reports it
		}
		if found := cycle(string(inner), filepath.Dir(path), append(open[:len(open):len(open)], path)); found != "" {
			return found
		}
	}
	return ""
}
