package tlsfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"weir/internal/conf"
	"weir/internal/tlsfile"
)

// file is a configuration with a block of its own, and one within another.
type file struct{ outer, inner *tlsfile.Block }

var fileKeys = conf.Table[file]{
	"tls": func(r *conf.Reader, f *file, v conf.Value) { f.outer = tlsfile.Read(r, v) },
	"websocket": func(r *conf.Reader, f *file, v conf.Value) {
		conf.Read(r, v, conf.Table[file]{"tls": func(r *conf.Reader, f *file, v conf.Value) { f.inner = tlsfile.Read(r, v) }}, f)
	},
}

func parse(text string) (*file, error) {
	v, err := conf.Parse("weir.conf", []byte(text))
	if err != nil {
		return nil, err
	}
	r := conf.NewReader("weir.conf")
	var f file
	conf.Read(r, v, fileKeys, &f)
	if len(r.Errors) > 0 {
		return nil, r.Errors
	}
	return &f, nil
}

func mustParse(t *testing.T, text string) *file {
	t.Helper()
	f, err := parse(text)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return f
}

// load reads the files of all blocks.
func (f *file) load() error {
	for _, b := range []*tlsfile.Block{f.outer, f.inner} {
		if b != nil {
			if _, err := b.Config(); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
