package ws

import "strconv"

// CloseCode is the status of a close frame (RFC 6455 §7.4).
type CloseCode uint16

// The registered close codes (RFC 6455 §7.4.1 and the IANA registry).
const (
	CloseNormal             CloseCode = 1000
	CloseGoingAway          CloseCode = 1001
	CloseProtocolError      CloseCode = 1002
	CloseUnsupportedData    CloseCode = 1003
	CloseNoStatus           CloseCode = 1005 // never on the wire: the close frame had no payload
	CloseAbnormal           CloseCode = 1006 // never on the wire: there was no close frame
	CloseInvalidPayload     CloseCode = 1007
	ClosePolicyViolation    CloseCode = 1008
	CloseMessageTooBig      CloseCode = 1009
	CloseMandatoryExtension CloseCode = 1010
	CloseInternalError      CloseCode = 1011
	CloseServiceRestart     CloseCode = 1012
	CloseTryAgainLater      CloseCode = 1013
	CloseBadGateway         CloseCode = 1014
	CloseTLSHandshake       CloseCode = 1015 // never on the wire: the TLS handshake failed
)

// Sendable reports whether c may stand in a close frame: 1000 to 1003, 1007 to 1014, or 3000 to 4999
// (RFC 6455 §7.4.2; 1004 is reserved without a meaning).
func (c CloseCode) Sendable() bool {
	switch {
	case c >= CloseNormal && c <= CloseUnsupportedData,
		c >= CloseInvalidPayload && c <= CloseBadGateway,
		c >= 3000 && c <= 4999:
		return true
	}
	return false
}

var closeNames = map[CloseCode]string{
	CloseNormal:             "normal closure",
	CloseGoingAway:          "going away",
	CloseProtocolError:      "protocol error",
	CloseUnsupportedData:    "unsupported data",
	CloseNoStatus:           "no status",
	CloseAbnormal:           "abnormal closure",
	CloseInvalidPayload:     "invalid payload",
	ClosePolicyViolation:    "policy violation",
	CloseMessageTooBig:      "message too big",
	CloseMandatoryExtension: "mandatory extension",
	CloseInternalError:      "internal error",
	CloseServiceRestart:     "service restart",
	CloseTryAgainLater:      "try again later",
	CloseBadGateway:         "bad gateway",
	CloseTLSHandshake:       "TLS handshake failure",
}

// String returns the number, and the name if the code is registered: "1002 protocol error".
func (c CloseCode) String() string {
	n := strconv.Itoa(int(c))
	if name, ok := closeNames[c]; ok {
		return n + " " + name
	}
	return n
}
