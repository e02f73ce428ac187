package tlsfile

import (
	"slices"
	"strings"

	"weir/internal/conf"
)

// The keys of a tls block for certificates in the store of Windows. They are checked as nats-server does, whose text for
// systems that have no such store is the one here for all systems: none is built in.

var (
	certStores   = []string{"windowscurrentuser", "windowslocalmachine"}
	certMatchBys = []string{"issuer", "subject", "thumbprint"}
)

// filledText reads a string that is not empty.
func filledText(r *conf.Reader, v conf.Value) (string, bool) {
	s, _ := v.V.(string)
	if s == "" {
		r.Fail(v.At, "expected '%s' to be a valid non-empty string", v.Key)
	}
	return s, s != ""
}

func refuseStore(r *conf.Reader, _ *block, v conf.Value) {
	s, ok := filledText(r, v)
	switch {
	case !ok:
	case !slices.Contains(certStores, strings.ToLower(s)):
		r.Fail(v.At, "cert store type not implemented")
	default:
		r.Fail(v.At, "cert_store not compatible with current operating system")
	}
}

func checkMatchBy(r *conf.Reader, _ *block, v conf.Value) {
	if s, ok := filledText(r, v); ok && !slices.Contains(certMatchBys, strings.ToLower(s)) {
		r.Fail(v.At, "cert match by type not implemented")
	}
}

func checkMatch(r *conf.Reader, _ *block, v conf.Value) { filledText(r, v) }

// checkMatches checks the texts of a list.
func checkMatches(r *conf.Reader, _ *block, v conf.Value) { r.Texts(v) }

func checkSkipInvalid(r *conf.Reader, _ *block, v conf.Value) {
	if _, ok := v.V.(bool); !ok {
		r.Fail(v.At, "expected '%s' to be a boolean", v.Key)
	}
}
