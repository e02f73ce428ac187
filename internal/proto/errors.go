package proto

import "strconv"

// Error is one thing that a server says to a client in -ERR, or the reason why it closes without a word. Clients compare
// the texts: they are those of nats-server 2.15. The zero value is no error.
//
// Texts that name a subject are not in this table; see [AppendPublishDenied] and its neighbours.
type Error uint8

// What the parser finds.
const (
	// ErrUnknownOp: a byte that no verb of this peer has at its place. Sent at that byte, without waiting for a line end.
	ErrUnknownOp Error = iota + 1
	// ErrNoCRLF: a body is not followed by CR LF. Told to the peer with the text of ErrUnknownOp.
	ErrNoCRLF
	// ErrBadArguments: wrong number of arguments, an unreadable size, or a header longer than the message. The protocol's
	// documentation knows "Parser Error" for it; the reference closes silently, and clients then reconnect.
	ErrBadArguments
	// ErrBadJSON: the object of CONNECT or INFO is not JSON, or a field has the wrong type. Silent.
	ErrBadJSON
	// ErrNoHeaders: HPUB, but the server or the CONNECT has headers off. Silent.
	ErrNoHeaders
	// ErrMaxControlLine: the arguments are longer than max_control_line.
	ErrMaxControlLine
	// ErrMaxPayload: a PUB or HPUB line announces more than max_payload. Sent before the body arrives.
	ErrMaxPayload
	// ErrFromPeer: the client sent -ERR. The reference logs the text and closes silently.
	ErrFromPeer
)

// What CONNECT and authentication find.
const (
	// ErrAuthorization: the credentials are wrong or missing, or another operation came where CONNECT was due; and CONNECT
	// with account or new_account, a feature of the past.
	ErrAuthorization Error = iota + 0x20
	// ErrAuthTimeout: no valid CONNECT within authorization.timeout.
	ErrAuthTimeout
	// ErrUserExpired: the user's JWT or its time window ran out. Sent when it happens, to a connected client.
	ErrUserExpired
	// ErrAccountExpired: the account's JWT ran out.
	ErrAccountExpired
	// ErrUserRevoked: the account's JWT changed and now revokes the connected user.
	ErrUserRevoked
	// ErrAccountRegistration: the user is right but its account can not be joined. ErrAuthorization follows.
	ErrAccountRegistration
	// ErrClientProtocol: CONNECT's protocol is neither 0 nor 1.
	ErrClientProtocol
	// ErrNoRespondersNeedHeaders: CONNECT has no_responders, but the server or the CONNECT has headers off.
	ErrNoRespondersNeedHeaders
	// ErrTLSRequired: the TLS handshake was not finished in time. It is sent in the clear, as far as it gets there.
	ErrTLSRequired
)

// What limits and the server's state cause.
const (
	// ErrMaxConnections: the server has max_connections clients. Sent right after INFO.
	ErrMaxConnections Error = iota + 0x40
	// ErrMaxAccountConnections: the account has as many clients as it may. Sent in answer to CONNECT.
	ErrMaxAccountConnections
	// ErrMaxSubscriptions: the SUB is ignored, because the client or its account has as many as it may.
	ErrMaxSubscriptions
	// ErrThrottled: more TLS handshakes per second than connection_rate_limit allows.
	ErrThrottled
	// ErrStale: the client left ping_max PINGs without PONG.
	ErrStale
	// ErrSlowConsumer: what waits for the client passed max_pending, or a write passed its deadline. Silent: the text would
	// wait behind what could not be sent.
	ErrSlowConsumer
	// ErrShutdown: the server stops. Silent; a lame duck says so in INFO before.
	ErrShutdown
)

// What subjects and ports cause.
const (
	// ErrInvalidSubject: the subject of SUB has an empty token, or a full wildcard that is not its last. SUB is ignored.
	ErrInvalidSubject Error = iota + 0x60
	// ErrInvalidPublishSubject: pedantic clients only: the subject of PUB is invalid or has wildcards. It is published.
	ErrInvalidPublishSubject
	// ErrRoutePort: a client's CONNECT on the listener for routes.
	ErrRoutePort
	// ErrLeafPort: a client's CONNECT on the listener for leaf nodes.
	ErrLeafPort
	// ErrGatewayPort: a client's or a route's CONNECT on the listener for gateways.
	ErrGatewayPort
)

type outcome struct {
	text   string // exactly what stands between the quotes of -ERR
	fatal  bool   // the connection closes
	silent bool   // nothing is sent
	reason string // for the log, where the text does not tell the case
}

const (
	stays  = false
	closes = true
)

var outcomes = [...]outcome{
	ErrUnknownOp:      {text: "Unknown Protocol Operation", fatal: closes},
	ErrNoCRLF:         {text: "Unknown Protocol Operation", fatal: closes, reason: "no CR LF behind the payload"},
	ErrBadArguments:   {text: "Parser Error", fatal: closes, silent: true, reason: "bad arguments"},
	ErrBadJSON:        {text: "Parser Error", fatal: closes, silent: true, reason: "bad JSON in CONNECT or INFO"},
	ErrNoHeaders:      {text: "message headers not supported", fatal: closes, silent: true},
	ErrMaxControlLine: {text: "maximum control line exceeded", fatal: closes},
	ErrMaxPayload:     {text: "Maximum Payload Violation", fatal: closes},
	ErrFromPeer:       {text: "Parser Error", fatal: closes, silent: true, reason: "the client reported an error"},

	ErrAuthorization:           {text: "Authorization Violation", fatal: closes},
	ErrAuthTimeout:             {text: "Authentication Timeout", fatal: closes},
	ErrUserExpired:             {text: "User Authentication Expired", fatal: closes},
	ErrAccountExpired:          {text: "Account Authentication Expired", fatal: closes},
	ErrUserRevoked:             {text: "User Authentication Revoked", fatal: closes},
	ErrAccountRegistration:     {text: "Failed Account Registration", fatal: stays},
	ErrClientProtocol:          {text: "invalid client protocol", fatal: closes},
	ErrNoRespondersNeedHeaders: {text: "no responders requires headers support", fatal: closes},
	ErrTLSRequired:             {text: "Secure Connection - TLS Required", fatal: closes},

	ErrMaxConnections:        {text: "maximum connections exceeded", fatal: closes},
	ErrMaxAccountConnections: {text: "maximum account active connections exceeded", fatal: closes},
	ErrMaxSubscriptions:      {text: "maximum subscriptions exceeded", fatal: stays},
	ErrThrottled:             {text: "Connection throttling is active. Please try again later.", fatal: closes},
	ErrStale:                 {text: "Stale Connection", fatal: closes},
	ErrSlowConsumer:          {text: "Slow Consumer", fatal: closes, silent: true},
	ErrShutdown:              {text: "Server Shutdown", fatal: closes, silent: true},

	ErrInvalidSubject:        {text: "Invalid Subject", fatal: stays},
	ErrInvalidPublishSubject: {text: "Invalid Publish Subject", fatal: stays},
	ErrRoutePort:             {text: "attempted to connect to route port", fatal: closes},
	ErrLeafPort:              {text: "attempted to connect to leaf node port", fatal: closes},
	ErrGatewayPort:           {text: "attempted to connect to gateway port", fatal: closes},
}

// outcome returns e's row; an empty one for what is not in the table.
func (e Error) outcome() outcome {
	if int(e) < len(outcomes) {
		return outcomes[e]
	}
	return outcome{}
}

// Text returns the exact text between the quotes of -ERR '…'. For a silent error it is what the protocol's documentation
// or the reference's log calls it.
func (e Error) Text() string { return e.outcome().text }

// Fatal reports whether the connection closes behind it.
func (e Error) Fatal() bool { return e.outcome().fatal }

// Silent reports whether nothing is sent for it.
func (e Error) Silent() bool { return e.outcome().silent }

// Error returns a text for logs. It never holds anything the peer sent.
func (e Error) Error() string {
	o := e.outcome()
	switch {
	case o.text == "":
		return "protocol error " + strconv.Itoa(int(e))
	case o.reason != "":
		return o.reason
	}
	return o.text
}

// AppendErr appends -ERR 'text' CR LF; nothing if the error is silent.
func AppendErr(dst []byte, e Error) []byte {
	o := e.outcome()
	if o.text == "" || o.silent {
		return dst
	}
	return AppendErrText(dst, o.text)
}

// AppendErrText appends -ERR 'text' CR LF for a text that is not in the table. The text must not hold a line end.
func AppendErrText(dst []byte, text string) []byte {
	dst = append(dst, "-ERR '"...)
	dst = append(dst, text...)
	return append(dst, "'\r\n"...)
}

// AppendPublishDenied appends the answer to a PUB on a subject that the client may not publish to. The connection stays.
func AppendPublishDenied(dst, subject []byte) []byte {
	return endDenied(appendDenied(dst, "Publish to ", subject))
}

// AppendReplyDenied appends the answer to a PUB whose reply subject is reserved or not allowed. The connection stays.
func AppendReplyDenied(dst, reply []byte) []byte {
	return endDenied(appendDenied(dst, "Publish with Reply of ", reply))
}

// AppendSubscribeDenied appends the answer to a SUB that is not allowed; queue is nil if it named none. The connection
// stays and the SUB is ignored.
func AppendSubscribeDenied(dst, subject, queue []byte) []byte {
	return endDenied(appendQueue(appendDenied(dst, "Subscription to ", subject), queue))
}

// AppendSubscriptionRemoved appends the news that a subscription ended because permissions changed, after a reload.
func AppendSubscriptionRemoved(dst, subject, queue, sid []byte) []byte {
	dst = appendQueue(appendDenied(dst, "Subscription to ", subject), queue)
	dst = append(dst, " (sid "...)
	dst = strconv.AppendQuote(dst, string(sid))
	return endDenied(append(dst, ')'))
}

// AppendTooManyTokens appends the answer to a SUB with more tokens than max_sub_tokens. The connection stays.
func AppendTooManyTokens(dst, subject []byte) []byte {
	return endDenied(append(appendDenied(dst, "Subscription to ", subject), ", too many tokens"...))
}

// appendDenied begins a permission error. Subjects are quoted in Go's way, as the reference does: a quote, a backslash and
// what is not printable is escaped.
func appendDenied(dst []byte, what string, subject []byte) []byte {
	dst = append(dst, "-ERR 'Permissions Violation for "...)
	dst = append(dst, what...)
	return strconv.AppendQuote(dst, string(subject))
}

func appendQueue(dst, queue []byte) []byte {
	if queue == nil {
		return dst
	}
	dst = append(dst, " using queue "...)
	return strconv.AppendQuote(dst, string(queue))
}

func endDenied(dst []byte) []byte { return append(dst, "'\r\n"...) }
