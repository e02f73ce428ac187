package config

import (
	"crypto/tls"
	"fmt"
	"strings"
	"time"
)

// TLS is one tls block. [TLS.Config] reads the files that it names.
type TLS struct {
	// CertFile and KeyFile are PEM files; Certs has further pairs, in place of the first.
	CertFile, KeyFile string
	Certs             []KeyPair
	// CAFile holds the authorities of client certificates; without it they are the system's.
	CAFile string
	// Verify demands a certificate of every client.
	Verify bool
	// MinVersion is TLS 1.2 when it is not set.
	MinVersion uint16
	// CipherSuites and CurvePreferences are those of crypto/tls when they are not set.
	CipherSuites     []uint16
	CurvePreferences []tls.CurveID
	// Timeout bounds a handshake. On the WebSocket listener HandshakeTimeout does, which covers the upgrade too.
	Timeout time.Duration
	// HandshakeFirst starts TLS before INFO. With a HandshakeFallback, INFO is sent after all to a client that has not
	// started TLS within that time. The WebSocket listener always starts with TLS.
	HandshakeFirst    bool
	HandshakeFallback time.Duration

	// at is where the block stands, for errors about its files.
	at Position
}

// KeyPair names the PEM files of one certificate and its key.
type KeyPair struct {
	CertFile, KeyFile string
}

const (
	// DefaultTLSTimeout bounds a handshake, the same as nats-server's.
	DefaultTLSTimeout = 2 * time.Second
	// DefaultHandshakeFallback is what handshake_first: auto waits, the same as nats-server's.
	DefaultHandshakeFallback = 50 * time.Millisecond
)

// tlsBlock is a tls block while it is read: whether its ciphers are allowed is known at its end only.
type tlsBlock struct {
	TLS
	allowInsecure bool
	insecure      []string
}

var tlsKeys = table[tlsBlock]{
	"cert_file":                       text(func(t *tlsBlock) *string { return &t.CertFile }),
	"key_file":                        text(func(t *tlsBlock) *string { return &t.KeyFile }),
	"certs certificates":              setCerts,
	"ca_file":                         text(func(t *tlsBlock) *string { return &t.CAFile }),
	"verify":                          flag(func(t *tlsBlock) *bool { return &t.Verify }),
	"min_version":                     setMinVersion,
	"cipher_suites":                   setCipherSuites,
	"allow_insecure_cipher_suites":    flag(func(t *tlsBlock) *bool { return &t.allowInsecure }),
	"curve_preferences":               setCurves,
	"timeout":                         timeout(func(t *tlsBlock) *time.Duration { return &t.Timeout }),
	"handshake_first first immediate": setHandshakeFirst,
	"insecure":                        accepted[tlsBlock], // for a client's side of TLS only
	"connection_rate_limit":           off[tlsBlock](nil),
	"verify_cert_and_check_known_urls": func(r *reader, _ *tlsBlock, v value) {
		if on, ok := r.flag(v); ok && on {
			r.fail(v.at, "%s not supported in this context", v.key)
		}
	},
	"verify_and_map pinned_certs ocsp_peer":                                      refused[tlsBlock],
	"cert_store cert_match_by cert_match ca_certs_match cert_match_skip_invalid": refused[tlsBlock],
}.split()

// tls reads a tls block. Its files are read by Validate, when flags may have replaced them.
func (r *reader) tls(v value) *TLS {
	b := tlsBlock{TLS: TLS{at: v.at}}
	read(r, v, tlsKeys, &b)
	if len(b.insecure) > 0 && !b.allowInsecure {
		r.fail(v.at, "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: %s",
			strings.Join(b.insecure, ", "))
	}
	if len(b.Certs) > 0 && b.CertFile != "" {
		r.fail(v.at, "error parsing tls config, cannot combine 'cert_file' option with 'certs' option")
	}
	return &b.TLS
}

func setMinVersion(r *reader, t *tlsBlock, v value) {
	s, ok := v.v.(string)
	if !ok {
		r.wrong(v, `"1.2" or "1.3"`)
		return
	}
	switch s {
	case "1.2":
		t.MinVersion = tls.VersionTLS12
	case "1.3":
		t.MinVersion = tls.VersionTLS13
	case "1.0", "1.1":
		r.fail(v.at, "error parsing tls config: unsupported TLS version: TLS %s", s)
	default:
		r.fail(v.at, "error parsing tls config: unknown version: %s", s)
	}
}

// names reads a list of names, which can not be empty.
func (r *reader) names(v value) []value {
	items, ok := r.items(v)
	if ok && len(items) == 0 {
		r.fail(v.at, "error parsing tls config, '%s' cannot be empty", v.key)
	}
	out := make([]value, 0, len(items))
	for _, item := range items {
		if _, ok := r.text(item); ok {
			out = append(out, item)
		}
	}
	return out
}

func setCipherSuites(r *reader, t *tlsBlock, v value) {
	known := make(map[string]*tls.CipherSuite)
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		known[s.Name] = s
	}
	t.CipherSuites = nil
	for _, name := range r.names(v) {
		s, ok := known[name.v.(string)]
		if !ok {
			r.fail(name.at, "unrecognized cipher %s", name.v)
			continue
		}
		t.CipherSuites = append(t.CipherSuites, s.ID)
		if s.Insecure {
			t.insecure = append(t.insecure, s.Name)
		}
	}
}

// curves are the names that nats-server knows.
var curves = map[string]tls.CurveID{
	"SecP384r1MLKEM1024": tls.SecP384r1MLKEM1024,
	"SecP256r1MLKEM768":  tls.SecP256r1MLKEM768,
	"X25519MLKEM768":     tls.X25519MLKEM768,
	"X25519":             tls.X25519,
	"CurveP256":          tls.CurveP256,
	"CurveP384":          tls.CurveP384,
	"CurveP521":          tls.CurveP521,
}

func setCurves(r *reader, t *tlsBlock, v value) {
	t.CurvePreferences = nil
	for _, name := range r.names(v) {
		id, ok := curves[name.v.(string)]
		if !ok {
			r.fail(name.at, "unrecognized curve preference %s", name.v)
			continue
		}
		t.CurvePreferences = append(t.CurvePreferences, id)
	}
}

func setHandshakeFirst(r *reader, t *tlsBlock, v value) {
	t.HandshakeFallback = 0
	switch x := v.v.(type) {
	case bool:
		t.HandshakeFirst = x
	case string:
		switch strings.ToLower(x) {
		case "true", "on":
			t.HandshakeFirst = true
		case "false", "off":
			t.HandshakeFirst = false
		case "auto", "auto_fallback":
			t.HandshakeFirst, t.HandshakeFallback = true, DefaultHandshakeFallback
		default:
			d, err := time.ParseDuration(x)
			if err != nil {
				r.fail(v.at, "field %q's value %q is invalid", v.key, x)
			}
			t.HandshakeFirst, t.HandshakeFallback = true, d
		}
	default:
		r.fail(v.at, "field %q should be a boolean or a string, got %s", v.key, kind(v.v))
	}
}

var pairKeys = table[KeyPair]{
	"cert_file": text(func(p *KeyPair) *string { return &p.CertFile }),
	"key_file":  text(func(p *KeyPair) *string { return &p.KeyFile }),
}

func setCerts(r *reader, t *tlsBlock, v value) {
	items, _ := r.items(v)
	t.Certs = nil
	for _, item := range items {
		var p KeyPair
		before := len(r.errs)
		read(r, item, pairKeys, &p)
		if len(r.errs) == before && (p.CertFile == "" || p.KeyFile == "") {
			r.fail(v.at, "error parsing certificates config: both 'cert_file' and 'key_file' options are required")
		}
		t.Certs = append(t.Certs, p)
	}
}

// String names the files, for logs and for [Plan].
func (t *TLS) String() string {
	if t == nil {
		return "off"
	}
	plain := *t
	plain.at = Position{}
	type fields TLS // without this method
	return fmt.Sprintf("%+v", fields(plain))
}
