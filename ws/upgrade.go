package ws

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
)

// NoMaskingHeader is the request header by which a client asks to send unmasked frames, and by which the server agrees.
// It is an extension of this field: RFC 6455 knows no such thing.
const NoMaskingHeader = "Nats-No-Masking"

const noMaskingValue = "true"

// UpgradeError is the refusal of a request. Status is for the client, Reason for the log: it never holds anything that
// the client sent, and the client never sees it.
type UpgradeError struct {
	Status int
	Reason string
}

// Error returns the reason.
func (e *UpgradeError) Error() string { return e.Reason }

// The refusals, in the order in which a request is checked (RFC 6455 §4.2.1).
var (
	ErrMethod            = &UpgradeError{http.StatusMethodNotAllowed, "request method is not GET"}
	ErrHostMissing       = &UpgradeError{http.StatusBadRequest, "no Host in request"}
	ErrUpgradeHeader     = &UpgradeError{http.StatusBadRequest, "header Upgrade does not name websocket"}
	ErrConnectionHeader  = &UpgradeError{http.StatusBadRequest, "header Connection does not name upgrade"}
	ErrKeyMissing        = &UpgradeError{http.StatusBadRequest, "no Sec-WebSocket-Key in request"}
	ErrKeyInvalid        = &UpgradeError{http.StatusBadRequest, "Sec-WebSocket-Key is not 16 bytes in base64"}
	ErrVersion           = &UpgradeError{http.StatusBadRequest, "Sec-WebSocket-Version is not 13"}
	ErrOriginMissing     = &UpgradeError{http.StatusForbidden, "no origin in request"}
	ErrOriginInvalid     = &UpgradeError{http.StatusForbidden, "origin can not be parsed"}
	ErrOriginNotSame     = &UpgradeError{http.StatusForbidden, "origin is not that of the server"}
	ErrOriginNotLoopback = &UpgradeError{http.StatusForbidden, "origin is not on this machine"}
	ErrOriginNotAllowed  = &UpgradeError{http.StatusForbidden, "origin is not in the allowed list"}

	// The last three are for whoever owns the connection; this package can not see them.

	ErrNotHijackable = &UpgradeError{http.StatusBadRequest, "connection can not be taken over"}
	ErrHijack        = &UpgradeError{http.StatusInternalServerError, "connection could not be taken over"}
	ErrEarlyBytes    = &UpgradeError{http.StatusBadRequest, "client sent bytes before the handshake was complete"}
)

// Refuse answers the request with e.Status: headers and a body of the status text, with the version we speak
// (RFC 6455 §4.4). The HTTP connection stays usable.
func (e *UpgradeError) Refuse(w http.ResponseWriter) {
	w.Header().Set("Sec-Websocket-Version", "13")
	http.Error(w, http.StatusText(e.Status), e.Status)
}

// Upgrade is an accepted request: what was agreed on, and the response that says so.
type Upgrade struct {
	// Deflate is set if compression was agreed on, and then DeflateParams says how. Under the zero [DeflatePolicy] they
	// need not be looked at.
	Deflate       bool
	DeflateParams DeflateParams
	// NoMasking is set if the client may send unmasked frames.
	NoMasking bool
	// Protocol is the subprotocol that was agreed on, empty for none. The caller may set it to another token that the client
	// has offered before AppendResponse (RFC 6455 §4.2.2).
	Protocol string

	accept    [28]byte
	extension string
	headers   []HeaderField
}

// CheckUpgrade judges a request under policy, where nil is the zero policy. The first rule that is broken gives the
// error; exactly one of the results is nil. What is not checked: path, HTTP version.
func CheckUpgrade(r *http.Request, policy *UpgradePolicy) (*Upgrade, *UpgradeError) {
	if policy == nil {
		policy = &UpgradePolicy{}
	}
	key := r.Header.Get("Sec-Websocket-Key")
	switch {
	case r.Method != http.MethodGet:
		return nil, ErrMethod
	case r.Host == "":
		return nil, ErrHostMissing
	case !hasToken(r.Header["Upgrade"], "websocket"):
		return nil, ErrUpgradeHeader
	case !hasToken(r.Header["Connection"], "upgrade"):
		return nil, ErrConnectionHeader
	case key == "":
		return nil, ErrKeyMissing
	case !validKey(key):
		return nil, ErrKeyInvalid
	case !hasToken(r.Header["Sec-Websocket-Version"], "13"):
		return nil, ErrVersion
	}
	if bad := policy.checkOrigin(r); bad != nil {
		return nil, bad
	}
	u := &Upgrade{accept: acceptKey(key), headers: policy.Headers}
	if policy.Compression {
		u.extension, u.DeflateParams, u.Deflate = policy.Deflate.Negotiate(r.Header["Sec-Websocket-Extensions"])
	}
	u.NoMasking = policy.AllowNoMasking && NoMasking(r.Header)
	u.Protocol = policy.protocol(r.Header["Sec-Websocket-Protocol"])
	return u, nil
}

// NoMasking reports whether a request asks for unmasked frames, or a response agrees to them.
func NoMasking(h http.Header) bool { return h.Get(NoMaskingHeader) == noMaskingValue }

// AppendResponse appends the whole 101 response (RFC 6455 §4.2.2): fixed headers, extension, no-masking, subprotocol,
// then the policy's own in their order.
func (u *Upgrade) AppendResponse(dst []byte) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(append(dst, u.accept[:]...), "\r\n"...)
	if u.Deflate {
		dst = appendField(dst, "Sec-WebSocket-Extensions", u.extension)
	}
	if u.NoMasking {
		dst = appendField(dst, NoMaskingHeader, noMaskingValue)
	}
	if u.Protocol != "" {
		dst = appendField(dst, "Sec-Websocket-Protocol", u.Protocol)
	}
	for _, f := range u.headers {
		dst = appendField(dst, f.Name, f.Value)
	}
	return append(dst, "\r\n"...)
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...)
}

// keyLen is 16 bytes in padded base64.
const keyLen = 24

// validKey reports whether key is the base64 form of 16 bytes (RFC 6455 §4.1, item 7).
func validKey(key string) bool {
	var raw [keyLen / 4 * 3]byte
	if len(key) != keyLen {
		return false
	}
	n, err := base64.StdEncoding.Decode(raw[:], []byte(key))
	return err == nil && n == 16
}

// acceptKey proves that we understood the request as WebSocket (RFC 6455 §1.3).
func acceptKey(key string) (accept [28]byte) {
	const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	var sum [sha1.Size]byte
	// The hash guards nothing here (RFC 6455 §10.8), so it is allowed where FIPS 140 forbids SHA-1.
	fips140.WithoutEnforcement(func() {
		sum = sha1.Sum(append(append(make([]byte, 0, keyLen+len(guid)), key...), guid...))
	})
	base64.StdEncoding.Encode(accept[:], sum[:])
	return accept
}
