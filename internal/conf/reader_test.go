package conf_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/internal/conf"
)

// shop is a struct with a field of every kind.
type shop struct {
	Name    string
	Goods   []string
	Prices  map[string]string
	Open    bool
	Number  int
	Large   int64
	Small   int
	Limit   int
	Every   time.Duration
	Seconds time.Duration
	Wait    time.Duration
	Maybe   time.Duration
	Order   []string
}

var shopKeys = conf.Joined(conf.Table[shop]{
	"name title": conf.Text(func(s *shop) *string { return &s.Name }),
	"goods":      conf.Texts(func(s *shop) *[]string { return &s.Goods }),
	"prices":     conf.Pairs(func(s *shop) *map[string]string { return &s.Prices }),
	"open":       conf.Flag(func(s *shop) *bool { return &s.Open }),
}, conf.Table[shop]{
	"number":  conf.Int(func(s *shop) *int { return &s.Number }),
	"large":   conf.Int64(func(s *shop) *int64 { return &s.Large }),
	"small":   conf.Wire(func(s *shop) *int { return &s.Small }),
	"limit":   conf.Limit(func(s *shop) *int { return &s.Limit }),
	"every":   conf.Duration(func(s *shop) *time.Duration { return &s.Every }),
	"seconds": conf.DurationOrSeconds(true, func(s *shop) *time.Duration { return &s.Seconds }),
	"wait":    conf.Timeout(func(s *shop) *time.Duration { return &s.Wait }),
	"maybe":   conf.Interval(func(s *shop) *time.Duration { return &s.Maybe }),
	"a b c":   func(_ *conf.Reader, s *shop, v conf.Value) { s.Order = append(s.Order, v.Key) },
})

// read reads text into a shop.
func read(t *testing.T, text string) (shop, *conf.Reader) {
	t.Helper()
	file, err := conf.Parse("shop.conf", []byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var s shop
	r := conf.NewReader("shop.conf")
	conf.Read(r, file, shopKeys, &s)
	return s, r
}

func TestFields(t *testing.T) {
	for text, want := range map[string]shop{
		"name: a":                     {Name: "a"},
		"TITLE: a":                    {Name: "a"},
		"goods: a":                    {Goods: []string{"a"}},
		"goods: [a, b]":               {Goods: []string{"a", "b"}},
		"prices { a: b }":             {Prices: map[string]string{"a": "b"}},
		"open: yes":                   {Open: true},
		"number: -3":                  {Number: -3},
		"large: 5G":                   {Large: 5e9},
		"small: 2kb":                  {Small: 2048},
		"limit: 3":                    {Limit: 3},
		"limit: 0":                    {},
		"limit: -1":                   {Limit: -1},
		"limit: None":                 {Limit: -1},
		"limit: off":                  {Limit: -1},
		"every: \"3s\"":               {Every: 3 * time.Second},
		"seconds: \"3ms\"":            {Seconds: 3 * time.Millisecond},
		"wait: 0.5":                   {Wait: 500 * time.Millisecond},
		"maybe: 3":                    {Maybe: 3 * time.Second},
		"maybe: 0":                    {Maybe: -1},
		"maybe: \"-3s\"":              {Maybe: -1},
		"maybe: none":                 {Maybe: -1},
		"maybe: false":                {Maybe: -1},
		"c: 1\na: 1\nb: 1\n":          {Order: []string{"c", "a", "b"}},
		"c: 1, a: 1; b: 1":            {Order: []string{"c", "a", "b"}},
		"B: 1\nb: 2\n":                {Order: []string{"B", "b"}},
		"n: 3\nnumber: $n\n":          {Number: 3},
		"goods: [a]\ngoods: [b, c]\n": {Goods: []string{"b", "c"}},
	} {
		got, r := read(t, text)
		if r.Errors != nil || r.Warnings != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v; %v %q", text, got, want, r.Errors, r.Warnings)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"name: 3":          `shop.conf:1:1: name: expected a string, got an integer`,
		"\n x: 1":          `shop.conf:2:2: unknown field "x"`,
		"prices: a":        `shop.conf:1:1: error parsing prices: unsupported type: expected a map, got a string`,
		"open: 1":          `shop.conf:1:1: open: expected a boolean, got an integer`,
		"small: 3G":        `shop.conf:1:1: small value is too big`,
		"limit: some":      `shop.conf:1:1: limit: expected an integer, got a string`,
		"limit: true":      `shop.conf:1:1: limit: expected an integer, got a boolean`,
		"limit: 3G":        `shop.conf:1:1: limit value is too big`,
		"every: 3":         `shop.conf:1:1: every: expected a duration such as "2m", got an integer`,
		"wait: []":         `shop.conf:1:1: wait: expected seconds or a duration such as "2s", got a list`,
		"maybe: true":      `shop.conf:1:1: error parsing maybe: unsupported type: expected a duration such as "2m", got a boolean`,
		"maybe: soon":      `shop.conf:1:1: error parsing maybe: time: invalid duration "soon"`,
		"open: 1\nname: 3": "shop.conf:1:1: open: expected a boolean, got an integer\nshop.conf:2:1: name: expected a string, got an integer",
	} {
		got, r := read(t, text)
		if !reflect.DeepEqual(got, shop{}) || r.Errors.Error() != want {
			t.Errorf("%q\n got %v\nwant %s", text, r.Errors, want)
		}
		var one *conf.Error
		if !errors.As(r.Errors, &one) || one.File != "shop.conf" {
			t.Errorf("%q: no position in %v", text, r.Errors)
		}
	}
}

func TestWarnings(t *testing.T) {
	for text, want := range map[string]string{
		"seconds: 3": `shop.conf:1:1: invalid use of field "seconds": seconds should be converted to a duration`,
		"wait: 61": `shop.conf:1:1: invalid use of field "wait": 1m1s is longer than a minute; a duration with a unit is written ` +
			`in quotes`,
	} {
		if _, r := read(t, text); r.Errors != nil || len(r.Warnings) != 1 || r.Warnings[0] != want {
			t.Errorf("%q: %v %q, want %q", text, r.Errors, r.Warnings, want)
		}
	}
}

// TestLoad includes a file, whose keys come first, and whose errors have its name.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path, inner := filepath.Join(dir, "shop.conf"), filepath.Join(dir, "inner.conf")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(path, "a: 1\ninclude inner.conf\nname: here\n")
	put(inner, "b: 1\nname: there\nopen: 3\n")
	file, digest, err := conf.Load(path)
	if err != nil || !strings.HasPrefix(digest, "sha256:") || file.Empty() {
		t.Fatalf("%+v %q %v", file, digest, err)
	}
	var s shop
	r := conf.NewReader(path)
	conf.Read(r, file, shopKeys, &s)
	if s.Name != "here" || !reflect.DeepEqual(s.Order, []string{"b", "a"}) {
		t.Errorf("%+v", s)
	}
	if want := inner + ":3:1: open: expected a boolean, got an integer"; r.Errors.Error() != want {
		t.Errorf("got %v, want %s", r.Errors, want)
	}
	put(inner, "include shop.conf\n")
	if _, _, err := conf.Load(path); err == nil || !strings.Contains(err.Error(), "includes itself") {
		t.Errorf("cycle: %v", err)
	}
}

func TestPublic(t *testing.T) {
	for in, want := range map[string]string{
		"a": "a", "": "", "tcp://a:b@c": "[redacted]@c", "a:b@c@d": "[redacted]@d",
	} {
		if got := conf.Public(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// FuzzParse wants no panic, and positions inside the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "name: a", "goods [ a, 3 ]", "prices { a: $b }", "maybe: off\nlimit: none", "{\"a\": 1}", "a: {", "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := conf.Parse("shop.conf", text)
		if err != nil {
			return
		}
		var s shop
		r := conf.NewReader("shop.conf")
		conf.Read(r, file, shopKeys, &s)
		for _, e := range r.Errors {
			if e.File == "shop.conf" && (e.Line < 1 || e.Column < 1) {
				t.Fatalf("%v", e)
			}
		}
	})
}
