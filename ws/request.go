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

// AppendRequest appends a client's request (RFC 6455 §4.1). host is "name" or "name:port", path is the escaped path
// with its query; key is from [NewKey]. header may add fields, among them Sec-WebSocket-Protocol and
// [NoMaskingHeader], but not replace those of the handshake or announce a body: such are left out.
//
// The request is one request whatever the arguments hold: bytes that can not stand in a request line are escaped in
// path and dropped from host, and control characters in key and header values become spaces.
func AppendRequest(dst []byte, host, path, key string, header http.Header, offerDeflate bool) []byte {
	dst = append(dst, "GET "...)
	if !strings.HasPrefix(path, "/") {
		dst = append(dst, '/')
	}
	dst = append(appendPath(dst, path), " HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", strings.Map(graphic, host))
	dst = append(dst, "Upgrade: websocket\r\nConnection: Upgrade\r\n"...)
	dst = appendField(dst, "Sec-WebSocket-Key", strings.Map(noControl, key))
	dst = append(dst, "Sec-WebSocket-Version: 13\r\n"...)
	if offerDeflate {
		dst = appendField(dst, "Sec-WebSocket-Extensions", deflateAnswer)
	}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if !isToken(name) || ownedByRequest(name) {
			continue
		}
		for _, value := range header[name] {
			dst = appendField(dst, name, strings.Map(noControl, value))
		}
	}
	return append(dst, "\r\n"...)
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

// ownedByRequest reports whether AppendRequest alone writes the header, or the header promises a body.
func ownedByRequest(name string) bool {
	switch strings.ToLower(name) {
	case "sec-websocket-protocol", "nats-no-masking":
		return false
	case "transfer-encoding":
		return true
	}
	return reservedHeader(name)
}

// CheckResponse judges the answer to a request with this key, and reports whether compression was agreed on. Names in
// Upgrade and Connection are looked for as tokens, so a list will do (row C12). A subprotocol is the caller's to check.
func CheckResponse(resp *http.Response, key string, offeredDeflate bool) (deflate bool, err error) {
	accept := acceptKey(key)
	switch {
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return false, ErrResponseStatus
	case !hasToken(resp.Header["Upgrade"], "websocket"):
		return false, ErrResponseUpgrade
	case !hasToken(resp.Header["Connection"], "upgrade"):
		return false, ErrResponseConnection
	case resp.Header.Get("Sec-Websocket-Accept") != string(accept[:]):
		return false, ErrResponseAccept
	}
	return checkDeflateAnswer(resp.Header["Sec-Websocket-Extensions"], offeredDeflate)
}
