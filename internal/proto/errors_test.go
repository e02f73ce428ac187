package proto_test

import (
	"strings"
	"testing"

	"weir/internal/proto"
)

// wireErrors is what the reference writes, byte for byte, and whether it then closes the connection. The rows were seen on
// the wire, but for those marked: these need an operator, a revocation or a timing, and are from its source.
var wireErrors = []struct {
	err    proto.Error
	wire   string
	closes bool
}{
	{proto.ErrUnknownOp, "-ERR 'Unknown Protocol Operation'\r\n", true},
	{proto.ErrNoCRLF, "-ERR 'Unknown Protocol Operation'\r\n", true},
	{proto.ErrBadArguments, "", true},
	{proto.ErrBadJSON, "", true},
	{proto.ErrNoHeaders, "", true},
	{proto.ErrMaxControlLine, "-ERR 'maximum control line exceeded'\r\n", true},
	{proto.ErrMaxPayload, "-ERR 'Maximum Payload Violation'\r\n", true},
	{proto.ErrFromPeer, "", true},
	{proto.ErrAuthorization, "-ERR 'Authorization Violation'\r\n", true},
	{proto.ErrAuthTimeout, "-ERR 'Authentication Timeout'\r\n", true},
	{proto.ErrUserExpired, "-ERR 'User Authentication Expired'\r\n", true},          // from the source
	{proto.ErrAccountExpired, "-ERR 'Account Authentication Expired'\r\n", true},    // from the source
	{proto.ErrUserRevoked, "-ERR 'User Authentication Revoked'\r\n", true},          // from the source
	{proto.ErrAccountRegistration, "-ERR 'Failed Account Registration'\r\n", false}, // from the source
	{proto.ErrClientProtocol, "-ERR 'invalid client protocol'\r\n", true},
	{proto.ErrNoRespondersNeedHeaders, "-ERR 'no responders requires headers support'\r\n", true},
	{proto.ErrTLSRequired, "-ERR 'Secure Connection - TLS Required'\r\n", true}, // from the source
	{proto.ErrMaxConnections, "-ERR 'maximum connections exceeded'\r\n", true},
	{proto.ErrMaxAccountConnections, "-ERR 'maximum account active connections exceeded'\r\n", true}, // from the source
	{proto.ErrMaxSubscriptions, "-ERR 'maximum subscriptions exceeded'\r\n", false},
	{proto.ErrThrottled, "-ERR 'Connection throttling is active. Please try again later.'\r\n", true}, // from the source
	{proto.ErrStale, "-ERR 'Stale Connection'\r\n", true},
	{proto.ErrSlowConsumer, "", true}, // from the source
	{proto.ErrShutdown, "", true},
	{proto.ErrInvalidSubject, "-ERR 'Invalid Subject'\r\n", false},
	{proto.ErrInvalidPublishSubject, "-ERR 'Invalid Publish Subject'\r\n", false},
	{proto.ErrRoutePort, "-ERR 'attempted to connect to route port'\r\n", true},    // from the source
	{proto.ErrLeafPort, "-ERR 'attempted to connect to leaf node port'\r\n", true}, // from the source
	{proto.ErrGatewayPort, "-ERR 'attempted to connect to gateway port'\r\n", true},
}

func TestErrorTable(t *testing.T) {
	known := map[proto.Error]bool{}
	for _, row := range wireErrors {
		known[row.err] = true
		if got := string(proto.AppendErr([]byte("x"), row.err)); got != "x"+row.wire {
			t.Errorf("%v: %q, want %q", row.err, got, row.wire)
		}
		if row.err.Fatal() != row.closes || row.err.Silent() != (row.wire == "") {
			t.Errorf("%v: fatal %v, silent %v", row.err, row.err.Fatal(), row.err.Silent())
		}
		if !row.err.Silent() && !strings.Contains(row.wire, "'"+row.err.Text()+"'") {
			t.Errorf("text %q is not in %q", row.err.Text(), row.wire)
		}
		if row.err.Error() == "" || row.err.Text() == "" {
			t.Errorf("error %d has no words", uint8(row.err))
		}
	}
	for i := range 256 {
		e := proto.Error(i)
		if known[e] {
			continue
		}
		if e.Text() != "" || e.Fatal() || e.Silent() || len(proto.AppendErr(nil, e)) != 0 {
			t.Errorf("error %d is in the table, but not in this test", i)
		}
		if !strings.HasPrefix(e.Error(), "protocol error ") {
			t.Errorf("error %d: %q", i, e.Error())
		}
	}
}

// TestDenied holds what the reference answers where permissions do not allow, all seen on the wire but for the removed
// subscriptions. The connection stays open.
func TestDenied(t *testing.T) {
	b := func(s string) []byte { return []byte(s) }
	for _, row := range []struct {
		got  []byte
		want string
	}{
		{proto.AppendPublishDenied(nil, b("no.x")), `Permissions Violation for Publish to "no.x"`},
		{proto.AppendPublishDenied(nil, b(`no."x`)), `Permissions Violation for Publish to "no.\"x"`},
		{proto.AppendPublishDenied(nil, b("no.\xff\u00e9\x01\\x")),
			"Permissions Violation for Publish to \"no.\\xff\u00e9\\x01\\\\x\""},
		{proto.AppendPublishDenied(nil, b("no\rx")), `Permissions Violation for Publish to "no\rx"`},
		{proto.AppendReplyDenied(nil, b("_R_.foo")), `Permissions Violation for Publish with Reply of "_R_.foo"`},
		{proto.AppendSubscribeDenied(nil, b("no.x"), nil), `Permissions Violation for Subscription to "no.x"`},
		{proto.AppendSubscribeDenied(nil, b("no'x"), b("q'y")),
			`Permissions Violation for Subscription to "no'x" using queue "q'y"`},
		{proto.AppendTooManyTokens(nil, b("a.b.c")), `Permissions Violation for Subscription to "a.b.c", too many tokens`},
		{proto.AppendSubscriptionRemoved(nil, b("a"), nil, b("7")), `Permissions Violation for Subscription to "a" (sid "7")`},
		{proto.AppendSubscriptionRemoved(nil, b("a"), b("q"), b("7")),
			`Permissions Violation for Subscription to "a" using queue "q" (sid "7")`},
		{proto.AppendErrText(nil, "some text"), "some text"},
	} {
		if want := "-ERR '" + row.want + "'\r\n"; string(row.got) != want {
			t.Errorf("%q, want %q", row.got, want)
		}
	}
}
