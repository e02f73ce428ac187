package ws

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Why a response is not the one we asked for (RFC 6455 §4.1).
var (
	ErrResponseStatus     = errors.New("ws: response status is not 101")
	ErrResponseUpgrade    = errors.New("ws: response header Upgrade does not name websocket")
	ErrResponseConnection = errors.New("ws: response header Connection does not name upgrade")
	ErrResponseAccept     = errors.New("ws: response header Sec-WebSocket-Accept does not fit the key")
	ErrResponseExtensions = errors.New("ws: response has extensions that were not offered")
)

// NewKey returns a fresh value for Sec-WebSocket-Key: 16 random bytes in base64.
func NewKey() string {
	var raw [16]byte
	rand.Read(raw[:]) // crypto/rand: never fails
	return base64.StdEncoding.EncodeToString(raw[:])
}

// Request is what a client asks for, and what it later needs to judge the answer.
type Request struct {
	// Host is "name" or "name:port".
	Host string
	// Path is the escaped path with its query.
	Path string
	// Key is from [NewKey].
	Key string
	// Header may add fields, among them Sec-WebSocket-Protocol and [NoMaskingHeader], but not replace those of the
	// handshake or announce a body: such are left out.
	Header http.Header
	// Deflate offers compression; nil does not.
	Deflate *DeflatePolicy
}

// Append appends the request (RFC 6455 §4.1). It is one request whatever the fields hold: bytes that can not stand in a
// request line are escaped in Path and dropped from Host, and control characters in Key and header values become spaces.
func (r *Request) Append(dst []byte) []byte {
	dst = append(dst, "GET "...)
	if !strings.HasPrefix(r.Path, "/") {
		dst = append(dst, '/')
	}
	dst = append(appendPath(dst, r.Path), " HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", strings.Map(graphic, r.Host))
	dst = append(dst, "Upgrade: websocket\r\nConnection: Upgrade\r\n"...)
	dst = appendField(dst, "Sec-WebSocket-Key", strings.Map(noControl, r.Key))
	dst = append(dst, "Sec-WebSocket-Version: 13\r\n"...)
	if r.Deflate != nil {
		dst = appendField(dst, "Sec-WebSocket-Extensions", r.Deflate.Offer())
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if !isToken(name) || ownedByRequest(name) {
			continue
		}
		for _, value := range r.Header[name] {
			dst = appendField(dst, name, strings.Map(noControl, value))
		}
	}
	return append(dst, "\r\n"...)
}

// Check judges the answer to the request, and returns what was agreed on about compression; deflate is false if nothing
// was. Names in Upgrade and Connection are looked for as tokens, so a list will do (row C12). A subprotocol is the
// caller's to check.
func (r *Request) Check(resp *http.Response) (params DeflateParams, deflate bool, err error) {
	accept := acceptKey(r.Key)
	switch {
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return params, false, ErrResponseStatus
	case !hasToken(resp.Header["Upgrade"], "websocket"):
		return params, false, ErrResponseUpgrade
	case !hasToken(resp.Header["Connection"], "upgrade"):
		return params, false, ErrResponseConnection
	case resp.Header.Get("Sec-Websocket-Accept") != string(accept[:]):
		return params, false, ErrResponseAccept
	}
	answer := resp.Header["Sec-Websocket-Extensions"]
	if r.Deflate != nil {
		return r.Deflate.CheckAnswer(answer)
	}
	for _, line := range answer {
		for range extensions(line) {
			return params, false, ErrResponseExtensions
		}
	}
	return params, false, nil
}

// AppendRequest is [Request.Append], with an offer of the zero [DeflatePolicy] if offerDeflate is set.
func AppendRequest(dst []byte, host, path, key string, header http.Header, offerDeflate bool) []byte {
	r := Request{Host: host, Path: path, Key: key, Header: header, Deflate: zeroPolicy(offerDeflate)}
	return r.Append(dst)
}

// CheckResponse is [Request.Check] for the answer to a request from [AppendRequest].
func CheckResponse(resp *http.Response, key string, offeredDeflate bool) (deflate bool, err error) {
	r := Request{Key: key, Deflate: zeroPolicy(offeredDeflate)}
	_, deflate, err = r.Check(resp)
	return deflate, err
}

func zeroPolicy(wanted bool) *DeflatePolicy {
	if wanted {
		return &DeflatePolicy{}
	}
	return nil
}

func appendPath(dst []byte, path string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// graphic and noControl are for [strings.Map].
func graphic(r rune) rune {
	if r <= ' ' || r == 0x7f {
		return -1
	}
	return r
}

func noControl(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7f {
		return ' '
	}
	return r
}

// ownedByRequest reports whether Append alone writes the header, or the header promises a body.
func ownedByRequest(name string) bool {
	switch strings.ToLower(name) {
	case "sec-websocket-protocol", "nats-no-masking":
		return false
	case "transfer-encoding":
		return true
	}
	return reservedHeader(name)
}
