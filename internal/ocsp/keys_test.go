package ocsp_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/internal/conf"
	"weir/internal/ocsp"
)

// read reads the one key of text.
func read[T any](t *testing.T, text string, set conf.Set[T]) (T, *conf.Reader) {
	t.Helper()
	file, err := conf.Parse("weir.conf", []byte(text+"\n"))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var out T
	r := conf.NewReader("weir.conf")
	set(r, &out, r.Members(file)[0])
	return out, r
}

// check reads each text, without a complaint.
func check[T any](t *testing.T, set conf.Set[T], texts map[string]T) {
	t.Helper()
	for text, want := range texts {
		got, r := read(t, text, set)
		if !reflect.DeepEqual(got, want) || r.Errors != nil || r.Warnings != nil {
			t.Errorf("%s: %+v, %v, %q", text, got, r.Errors, r.Warnings)
		}
	}
}

func TestPeerKeys(t *testing.T) {
	check(t, ocsp.ReadPeer, map[string]ocsp.Peer{
		"ocsp_peer: true":  {Verify: true},
		"ocsp_peer: false": {},
		"ocsp_peer {}":     {},
		"ocsp_peer { verify: true, warn_only: true }":                      {Verify: true, WarnOnly: true},
		"ocsp_peer { Unknown_Is_Good: true }":                              {UnknownIsGood: true},
		"ocsp_peer { allow_when_ca_unreachable: true }":                    {AllowWhenUnreachable: true},
		"ocsp_peer { ca_timeout: 3, allowed_clockskew: 0.5 }":              {Timeout: 3 * time.Second, Skew: 500 * time.Millisecond},
		`ocsp_peer { ca_timeout: "3ms", allowed_clockskew: "1h" }`:         {Timeout: 3 * time.Millisecond, Skew: time.Hour},
		"ocsp_peer { cache_ttl_when_next_update_unset: 7200 }":             {TTL: 2 * time.Hour},
		"ocsp_peer { ca_timeout: 0, allowed_clockskew: 0 }":                {Skew: -1},
		"ocsp_peer { cache_ttl_when_next_update_unset: 0 }":                {TTL: -1},
		"ocsp_peer { ca_timeout: -3, allowed_clockskew: -1 }":              {},
		`ocsp_peer { cache_ttl_when_next_update_unset: "-1s" }`:            {},
		"ocsp_peer { X = true, verify: $X }":                               {Verify: true},
		"ocsp_peer { verify: true, verify: false, warn_only: no }":         {},
		"ocsp_peer { verify: true\n allowed_clockskew: 30\n # so it is\n}": {Verify: true, Skew: 30 * time.Second},
	})
}

func TestCacheKeys(t *testing.T) {
	check(t, ocsp.ReadCache, map[string]ocsp.Cache{
		"ocsp_cache: true":                           {},
		"ocsp_cache: false":                          {Off: true},
		"ocsp_cache {}":                              {},
		`ocsp_cache { type: "NONE" }`:                {Off: true},
		"ocsp_cache { type: local, local_store: a }": {Dir: "a"},
		"ocsp_cache { preserve_revoked: true, save_interval: 60 }": {PreserveRevoked: true, SaveInterval: time.Minute},
		"ocsp_cache { save_interval: 0 }":                          {SaveInterval: time.Second},
		`ocsp_cache { save_interval: "1900ms" }`:                   {SaveInterval: time.Second},
	})
}

func TestStaplingKeys(t *testing.T) {
	check(t, ocsp.ReadStapling, map[string]ocsp.Config{
		"ocsp: true":                               {},
		"ocsp: false":                              {Mode: ocsp.Never},
		"ocsp {}":                                  {},
		"ocsp { mode: Always }":                    {Mode: ocsp.Always},
		"ocsp { mode: must }":                      {Mode: ocsp.Must},
		"ocsp { mode: never }":                     {Mode: ocsp.Never},
		`ocsp { mode: auto, url: "http://a" }`:     {Responders: []string{"http://a"}},
		`ocsp { urls: [ "http://a", https://b ] }`: {Responders: []string{"http://a", "https://b"}},
	})
}

func TestWrongKeys(t *testing.T) {
	for text, want := range map[string]string{
		"ocsp_peer: 3":                          "1:1: error parsing ocsp peer config: unsupported type: expected a boolean or a map, got an integer",
		"ocsp_peer { foo: 3 }":                  `1:13: error parsing tls peer config, unknown field ["foo"]`,
		"ocsp_peer { verify: 3 }":               "1:13: verify: expected a boolean, got an integer",
		`ocsp_peer { ca_timeout: "x" }`:         `1:13: error parsing ca_timeout: time: invalid duration "x"`,
		"ocsp_peer { allowed_clockskew: true }": `1:13: allowed_clockskew: expected seconds or a duration such as "2s", got a boolean`,
		"ocsp_cache: []":                        "1:1: error parsing OCSP peer cache config: unsupported type: expected a boolean or a map, got a list",
		"ocsp_cache { foo: 3 }":                 `1:14: error parsing OCSP peer cache config, unknown field ["foo"]`,
		"ocsp_cache { type: redis }":            "1:14: error parsing OCSP peer cache config, unknown type [redis]",
		"ocsp_cache { save_interval: [] }":      `1:14: save_interval: expected seconds or a duration such as "2s", got a list`,
		"ocsp: 3":                               "1:1: error parsing ocsp config: unsupported type: expected a boolean or a map, got an integer",
		"ocsp { foo: 3 }":                       `1:8: error parsing ocsp config: unsupported field "foo"`,
		"ocsp { mode: sometimes }":              `1:8: error parsing ocsp config: unsupported ocsp mode "sometimes"`,
		"ocsp { mode: 3 }":                      "1:8: mode: expected a string, got an integer",
		"ocsp { url: 3 }":                       "1:8: url: expected a string, got an integer",
		"ocsp { urls: [ 3 ] }":                  "1:16: error parsing urls: unsupported type in array: expected a string, got an integer",
	} {
		var r *conf.Reader
		switch name, _, _ := strings.Cut(strings.ReplaceAll(text, ":", " "), " "); name {
		case "ocsp_peer":
			_, r = read(t, text, ocsp.ReadPeer)
		case "ocsp_cache":
			_, r = read(t, text, ocsp.ReadCache)
		default:
			_, r = read(t, text, ocsp.ReadStapling)
		}
		if r.Errors.Error() != "weir.conf:"+want {
			t.Errorf("%s\n got %v\nwant weir.conf:%s", text, r.Errors, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for u, ok := range map[string]bool{
		"http://a": true, "https://a/b": true, "http://127.0.0.1:80": true, "": false, "a": false, "ldap://a": false, "http:": false, "file:///a": false,
	} {
		if err := (ocsp.Config{Responders: []string{u}}).Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", u, err)
		}
	}
}

func TestStrings(t *testing.T) {
	for got, want := range map[string]string{
		ocsp.Always.String():                     "always",
		ocsp.Mode(9).String():                    "mode 9",
		ocsp.Cache{}.String():                    "_rc_/cache.json, saved every 5m0s",
		ocsp.Cache{Off: true, Dir: "a"}.String(): "none",
		ocsp.Cache{Dir: "/a", PreserveRevoked: true, SaveInterval: 1e9}.String(): "/a/cache.json, saved every 1s, keeps what is revoked",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
