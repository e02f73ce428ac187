package tlsfile

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"weir/internal/conf"
	"weir/internal/ocsp"
)

// Block is one tls block. [Block.Config] reads the files that it names.
type Block struct {
	// CertFile and KeyFile are PEM files; Certs has further pairs, in place of the first.
	CertFile, KeyFile string
	Certs             []KeyPair
	// CAFile holds the authorities of client certificates; without it they are the system's.
	CAFile string
	// Verify demands a certificate of every client. With Map, which implies it, the certificate says who the client is.
	Verify, Map bool
	// PinnedCerts are the only client certificates that are let in, in any case of letters; empty lets in all. Each is 64
	// hexadecimal digits, the SHA-256 of the certificate's SubjectPublicKeyInfo. Without Verify, they stand for authorities.
	PinnedCerts []string
	// OCSPPeer says whether client certificates may have been revoked. It needs Verify.
	OCSPPeer ocsp.Peer
	// MinVersion is TLS 1.2 when it is not set.
	MinVersion uint16
	// CipherSuites and CurvePreferences are those of crypto/tls when they are not set.
	CipherSuites     []uint16
	CurvePreferences []tls.CurveID
	// Insecure lets every certificate of a server pass; it is for the client's side only.
	Insecure bool
	// Timeout bounds a handshake. On the WebSocket listener HandshakeTimeout does, which covers the upgrade too.
	Timeout time.Duration
	// HandshakeFirst starts TLS before INFO. With a HandshakeFallback, INFO is sent after all to a client that has not
	// started TLS within that time. The WebSocket listener always starts with TLS.
	HandshakeFirst    bool
	HandshakeFallback time.Duration

	// RateLimit is how many handshakes begin in a second; 0 means no limit.
	RateLimit int

	// at is where the block stands, for errors about its files.
	at conf.Position
}

// KeyPair names the PEM files of one certificate and its key.
type KeyPair struct {
	CertFile, KeyFile string
}

const (
	// DefaultTimeout bounds a handshake, the same as nats-server's.
	DefaultTimeout = 2 * time.Second
	// DefaultHandshakeFallback is what handshake_first: auto waits, the same as nats-server's.
	DefaultHandshakeFallback = 50 * time.Millisecond
)

// maxRateLimit is what a nanosecond's clock can tell apart.
const maxRateLimit = 1_000_000

// block is a tls block while it is read: whether its ciphers are allowed is known at its end only.
type block struct {
	Block
	allowInsecure bool
	insecure      []string
}

// Keys are those of a tls block.
var Keys = conf.Table[block]{
	"cert_file":                       conf.Text(func(t *block) *string { return &t.CertFile }),
	"key_file":                        conf.Text(func(t *block) *string { return &t.KeyFile }),
	"certs certificates":              setCerts,
	"ca_file":                         conf.Text(func(t *block) *string { return &t.CAFile }),
	"verify":                          conf.Flag(func(t *block) *bool { return &t.Verify }),
	"verify_and_map":                  conf.Flag(func(t *block) *bool { return &t.Map }),
	"pinned_certs":                    setPinnedCerts,
	"min_version":                     setMinVersion,
	"cipher_suites":                   setCipherSuites,
	"allow_insecure_cipher_suites":    conf.Flag(func(t *block) *bool { return &t.allowInsecure }),
	"curve_preferences":               setCurves,
	"timeout":                         conf.Timeout(func(t *block) *time.Duration { return &t.Timeout }),
	"handshake_first first immediate": setHandshakeFirst,
	"insecure":                        conf.Flag(func(t *block) *bool { return &t.Insecure }),
	"connection_rate_limit":           setRateLimit,
	"verify_cert_and_check_known_urls": func(r *conf.Reader, _ *block, v conf.Value) {
		if on, ok := r.Flag(v); ok && on {
			r.Fail(v.At, "%s not supported in this context", v.Key)
		}
	},
	"ocsp_peer":               func(r *conf.Reader, t *block, v conf.Value) { ocsp.ReadPeer(r, &t.OCSPPeer, v) },
	"cert_store":              refuseStore,
	"cert_match_by":           checkMatchBy,
	"cert_match":              checkMatch,
	"ca_certs_match":          checkMatches,
	"cert_match_skip_invalid": checkSkipInvalid,
}.Split()

// Read reads a tls block. Its files are read by [Block.Config], when flags may have replaced them.
func Read(r *conf.Reader, v conf.Value) *Block {
	b := block{Block: Block{at: v.At}}
	conf.Read(r, v, Keys, &b)
	if len(b.insecure) > 0 && !b.allowInsecure {
		r.Fail(v.At, "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: %s",
			strings.Join(b.insecure, ", "))
	}
	if len(b.Certs) > 0 && b.CertFile != "" {
		r.Fail(v.At, "error parsing tls config, cannot combine 'cert_file' option with 'certs' option")
	}
	return &b.Block
}

func setRateLimit(r *conf.Reader, t *block, v conf.Value) {
	n, ok := v.V.(int64)
	if !ok {
		r.Fail(v.At, "error parsing tls config, 'connection_rate_limit' wrong type")
		return
	}
	t.RateLimit = int(min(max(n, 0), maxRateLimit))
}

func setMinVersion(r *conf.Reader, t *block, v conf.Value) {
	s, ok := v.V.(string)
	if !ok {
		r.Wrong(v, `"1.2" or "1.3"`)
		return
	}
	switch s {
	case "1.2":
		t.MinVersion = tls.VersionTLS12
	case "1.3":
		t.MinVersion = tls.VersionTLS13
	case "1.0", "1.1":
		r.Fail(v.At, "error parsing tls config: unsupported TLS version: TLS %s", s)
	default:
		r.Fail(v.At, "error parsing tls config: unknown version: %s", s)
	}
}

// names reads a list of names, which can not be empty.
func names(r *conf.Reader, v conf.Value) []conf.Value {
	items, ok := r.Items(v)
	if ok && len(items) == 0 {
		r.Fail(v.At, "error parsing tls config, '%s' cannot be empty", v.Key)
	}
	out := make([]conf.Value, 0, len(items))
	for _, item := range items {
		if _, ok := r.Text(item); ok {
			out = append(out, item)
		}
	}
	return out
}

func setCipherSuites(r *conf.Reader, t *block, v conf.Value) {
	known := make(map[string]*tls.CipherSuite)
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		known[s.Name] = s
	}
	t.CipherSuites = nil
	for _, name := range names(r, v) {
		s, ok := known[name.V.(string)]
		if !ok {
			r.Fail(name.At, "unrecognized cipher %s", name.V)
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

func setCurves(r *conf.Reader, t *block, v conf.Value) {
	t.CurvePreferences = nil
	for _, name := range names(r, v) {
		id, ok := curves[name.V.(string)]
		if !ok {
			r.Fail(name.At, "unrecognized curve preference %s", name.V)
			continue
		}
		t.CurvePreferences = append(t.CurvePreferences, id)
	}
}

func setHandshakeFirst(r *conf.Reader, t *block, v conf.Value) {
	t.HandshakeFallback = 0
	switch x := v.V.(type) {
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
				r.Fail(v.At, "field %q's value %q is invalid", v.Key, x)
			}
			t.HandshakeFirst, t.HandshakeFallback = true, d
		}
	default:
		r.Fail(v.At, "field %q should be a boolean or a string, got %s", v.Key, conf.Kind(v.V))
	}
}

// setPinnedCerts reads a list of pins.
func setPinnedCerts(r *conf.Reader, t *block, v conf.Value) {
	if _, ok := v.V.([]any); !ok {
		r.Fail(v.At, "error parsing tls config, expected 'pinned_certs' to be a list of %s", pinWanted)
		return
	}
	items, _ := r.Items(v)
	t.PinnedCerts = nil
	for _, item := range items {
		s, ok := r.Text(item)
		if !ok {
			continue
		}
		if _, err := parsePin(s); err != nil {
			r.Fail(item.At, "error parsing tls config, %v", err)
		}
		t.PinnedCerts = append(t.PinnedCerts, strings.ToLower(s))
	}
}

var pairKeys = conf.Table[KeyPair]{
	"cert_file": conf.Text(func(p *KeyPair) *string { return &p.CertFile }),
	"key_file":  conf.Text(func(p *KeyPair) *string { return &p.KeyFile }),
}

func setCerts(r *conf.Reader, t *block, v conf.Value) {
	items, _ := r.Items(v)
	t.Certs = nil
	for _, item := range items {
		var p KeyPair
		before := len(r.Errors)
		conf.Read(r, item, pairKeys, &p)
		if len(r.Errors) == before && (p.CertFile == "" || p.KeyFile == "") {
			r.Fail(v.At, "error parsing certificates config: both 'cert_file' and 'key_file' options are required")
		}
		t.Certs = append(t.Certs, p)
	}
}

// ClientCerts reports whether clients must have a certificate.
func (t *Block) ClientCerts() bool { return t.Verify || t.Map || len(t.PinnedCerts) > 0 }

// String names the files, for logs and for plans.
func (t *Block) String() string {
	if t == nil {
		return "off"
	}
	plain := *t
	plain.at = conf.Position{}
	type fields Block // without this method
	return fmt.Sprintf("%+v", fields(plain))
}

// At is where the block stands; its zero value is nowhere.
func (t *Block) At() conf.Position { return t.at }

// SetDefaults fills in what is not set; t may be nil.
func (t *Block) SetDefaults() {
	if t == nil {
		return
	}
	t.Timeout = cmp.Or(t.Timeout, DefaultTimeout)
	t.Verify = t.Verify || t.Map // nobody can be told from a certificate that nobody has checked
}
