package conn

import "weir/ws"

// Reason says why a connection closed. Texts and close codes are those that nats-server's tools know (catalogue §4.6).
type Reason uint8

const (
	ClientClosed Reason = iota + 1
	AuthenticationTimeout
	AuthenticationViolation
	TLSHandshakeError
	SlowConsumerPendingBytes
	SlowConsumerWriteDeadline
	WriteError
	ReadError
	ParseError
	StaleConnection
	ProtocolViolation
	BadClientProtocolVersion
	WrongPort
	MaxConnectionsExceeded
	MaxAccountConnectionsExceeded
	MaxPayloadExceeded
	MaxControlLineExceeded
	MaxSubscriptionsExceeded
	NoRespondersRequiresHeaders
	ServerShutdown
	Kicked
	InternalError
	MaxAgeReached
	PreAuthExceeded
	ProxyNotTrusted
	ProxyRequired
	AuthenticationExpired
	CredentialsRevoked
)

// reasonRow is what the peer and the operator get to see of a reason.
type reasonRow struct {
	text   string
	code   ws.CloseCode
	abrupt bool // the peer cannot or must not be told
}

var reasons = [...]reasonRow{
	ClientClosed:                  {"Client Closed", ws.CloseNormal, false},
	AuthenticationTimeout:         {"Authentication Timeout", ws.ClosePolicyViolation, false},
	AuthenticationViolation:       {"Authentication Failure", ws.ClosePolicyViolation, false},
	TLSHandshakeError:             {"TLS Handshake Failure", ws.ClosePolicyViolation, false},
	SlowConsumerPendingBytes:      {"Slow Consumer (Pending Bytes)", ws.ClosePolicyViolation, true},
	SlowConsumerWriteDeadline:     {"Slow Consumer (Write Deadline)", ws.ClosePolicyViolation, true},
	WriteError:                    {"Write Error", ws.CloseGoingAway, true},
	ReadError:                     {"Read Error", ws.CloseGoingAway, true},
	ParseError:                    {"Parse Error", ws.CloseProtocolError, false},
	StaleConnection:               {"Stale Connection", ws.CloseGoingAway, false},
	ProtocolViolation:             {"Protocol Violation", ws.CloseProtocolError, false},
	BadClientProtocolVersion:      {"Bad Client Protocol Version", ws.CloseProtocolError, false},
	WrongPort:                     {"Incorrect Port", ws.CloseInternalError, false},
	MaxConnectionsExceeded:        {"Maximum Connections Exceeded", ws.ClosePolicyViolation, false},
	MaxAccountConnectionsExceeded: {"Maximum Account Connections Exceeded", ws.ClosePolicyViolation, false},
	MaxPayloadExceeded:            {"Maximum Message Payload Exceeded", ws.CloseMessageTooBig, false},
	MaxControlLineExceeded:        {"Maximum Control Line Exceeded", ws.ClosePolicyViolation, false},
	MaxSubscriptionsExceeded:      {"Maximum Subscriptions Exceeded", ws.ClosePolicyViolation, false},
	NoRespondersRequiresHeaders:   {"No Responders Requires Headers", ws.CloseInternalError, false},
	ServerShutdown:                {"Server Shutdown", ws.CloseGoingAway, false},
	Kicked:                        {"Kicked", ws.CloseInternalError, false},
	InternalError:                 {"Internal Error", ws.CloseInternalError, false},
	PreAuthExceeded:               {"Too Many Bytes Before Authentication", ws.ClosePolicyViolation, false},
	MaxAgeReached:                 {"Maximum Connection Age", ws.CloseGoingAway, false},
	ProxyNotTrusted:               {"Proxy Not Trusted", ws.CloseInternalError, false},
	ProxyRequired:                 {"Proxy Required", ws.CloseInternalError, false},
	AuthenticationExpired:         {"Authentication Expired", ws.ClosePolicyViolation, false},
	CredentialsRevoked:            {"Credentials Revoked", ws.ClosePolicyViolation, false},
}

// String is the text that /connz and the close frame show.
func (r Reason) String() string {
	if int(r) >= len(reasons) || reasons[r].text == "" {
		return "Unknown State"
	}
	return reasons[r].text
}

// Code is the status of the close frame.
func (r Reason) Code() ws.CloseCode {
	if int(r) >= len(reasons) || reasons[r].text == "" {
		return ws.CloseInternalError
	}
	return reasons[r].code
}

// Abrupt reports whether the connection ends without a word.
func (r Reason) Abrupt() bool { return int(r) < len(reasons) && reasons[r].abrupt }

// SlowConsumer reports whether the receiver was too slow.
func (r Reason) SlowConsumer() bool {
	return r == SlowConsumerPendingBytes || r == SlowConsumerWriteDeadline
}
