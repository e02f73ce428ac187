package ws

import (
	"errors"
	"strconv"
	"strings"
)

// DeflatePolicy is how a side wants to compress (RFC 7692 §7). The zero value is for a side that keeps nothing between
// messages and compresses with [AppendDeflated], which always uses 32 KiB.
//
// With ContextTakeover or WindowBits set, smaller windows are honoured, too: the side has to compress with a [Window]
// for the [DeflateParams] that were agreed on.
type DeflatePolicy struct {
	// ContextTakeover lets messages refer to those before them, in each direction in which the peer agrees.
	ContextTakeover bool
	// WindowBits is the largest window to use or to keep, for each direction: 9 (512 bytes) to 15 (32 KiB); 0 means 15.
	// A peer that can not be held to it gets no context takeover, so with ContextTakeover a connection keeps at most
	// twice 1<<WindowBits bytes.
	WindowBits int
	// Level is 1, the fastest, to 9, the smallest; 0 means 1. It counts for windows of 15 bits only.
	Level int
	// Threshold is the number of bytes below which a message is sent as it is.
	Threshold int
}

// Errors of [DeflatePolicy.Validate].
var (
	errWindowBits = errors.New("deflate: window bits have to be 9 to 15, or 0")
	errLevel      = errors.New("deflate: level has to be 1 to 9, or 0")
	errThreshold  = errors.New("deflate: threshold must not be negative")
)

// Validate reports the first value outside of its range. Without it, such values are brought to the nearest inside.
func (p DeflatePolicy) Validate() error {
	switch {
	case p.WindowBits != 0 && p.WindowBits != boundBits(p.WindowBits) || p.WindowBits == minWindowBits:
		return errWindowBits // 8 is for those who ask: zlib can not compress with it
	case p.Level < 0 || p.Level > 9:
		return errLevel
	case p.Threshold < 0:
		return errThreshold
	}
	return nil
}

// windows reports whether the side can compress with a window below 15 bits.
func (p DeflatePolicy) windows() bool { return p.ContextTakeover || p.WindowBits != 0 }

// DeflateParams is what was agreed on, as seen by the side that holds it.
type DeflateParams struct {
	Out, In DeflateDirection
}

// DeflateDirection is what holds for the messages that go one way.
type DeflateDirection struct {
	// Takeover is set if a message may refer to those before it.
	Takeover bool
	// WindowBits is how far it may refer back: 1<<WindowBits bytes, 8 to 15.
	WindowBits int
}

// NegotiateDeflate is [DeflatePolicy.Negotiate] for the zero policy: the answer has server_no_context_takeover and
// client_no_context_takeover, and with a server_max_window_bits other than 15 an offer is declined (row C7).
func NegotiateDeflate(offers []string) (answer string, ok bool) {
	answer, _, ok = DeflatePolicy{}.Negotiate(offers)
	return answer, ok
}

// Negotiate chooses the first acceptable permessage-deflate offer from the values of all Sec-WebSocket-Extensions
// headers of a request and returns the value of the answering header, and what it means for the server. ok is false if
// there is none; then the answer has no such header.
//
// An offer is declined, and the next one looked at, if it has an unknown, repeated or ill-formed parameter (RFC 7692 §7),
// or a server_max_window_bits that the policy can not honour. What the answer says:
//
//   - server_no_context_takeover and client_no_context_takeover, if the offer has them or the policy is without takeover;
//   - server_max_window_bits, if the offer has it: the smaller of offer and policy (RFC 7692 §7.1.2.1);
//   - client_max_window_bits, if the offer has it and the smaller of offer and policy is below 15 (RFC 7692 §7.1.2.2).
//     The zero policy makes no use of this permission.
//
// The name counts only where names stand, not as a parameter of another extension. Of a header value that breaks the
// grammar of RFC 6455 §9.1, what stands before the break is used.
func (p DeflatePolicy) Negotiate(offers []string) (answer string, params DeflateParams, ok bool) {
	for _, line := range offers {
		for ext := range extensions(line) {
			if !strings.EqualFold(ext.name, DeflateExtension) {
				continue
			}
			if offer, ok := parseDeflateParams(ext.params); ok {
				if answer, params, ok = p.answer(offer); ok {
					return answer, params, true
				}
			}
		}
	}
	return "", DeflateParams{}, false
}

// answer accepts one offer, or declines it.
func (p DeflatePolicy) answer(offer offeredParams) (answer string, params DeflateParams, ok bool) {
	most := boundBits(p.WindowBits)
	out := DeflateDirection{Takeover: p.ContextTakeover && !offer.has(serverNoTakeover), WindowBits: most}
	in := DeflateDirection{Takeover: p.ContextTakeover && !offer.has(clientNoTakeover), WindowBits: maxWindowBits}
	if offer.has(serverWindowBits) {
		if offer.serverBits == 0 || offer.serverBits < maxWindowBits && !p.windows() {
			return "", params, false
		}
		out.WindowBits = min(most, offer.serverBits)
	}
	if offer.has(clientWindowBits) && p.windows() {
		in.WindowBits = most
		if offer.clientBits != 0 {
			in.WindowBits = min(most, offer.clientBits)
		}
	}
	if in.WindowBits > most { // it has 32 KiB and does not let us ask for less
		in.Takeover = false
	}
	answer = DeflateExtension
	if !out.Takeover {
		answer += "; server_no_context_takeover"
	}
	if !in.Takeover {
		answer += "; client_no_context_takeover"
	}
	if offer.has(serverWindowBits) {
		answer += "; server_max_window_bits=" + strconv.Itoa(out.WindowBits)
	}
	if in.WindowBits < maxWindowBits {
		answer += "; client_max_window_bits=" + strconv.Itoa(in.WindowBits)
	}
	return answer, DeflateParams{Out: out, In: in}, true
}

// noTakeover is an offer, and an answer, without context takeover in either direction.
const noTakeover = DeflateExtension + "; server_no_context_takeover; client_no_context_takeover"

// Offer is the client's value for Sec-WebSocket-Extensions. A policy with takeover and a window below 15 bits makes a
// second offer without takeover on the server's side, for a server that does not know how to use a smaller window.
func (p DeflatePolicy) Offer() string {
	if !p.windows() {
		return noTakeover
	}
	clientBits := "; client_max_window_bits"
	if bits := boundBits(p.WindowBits); bits < maxWindowBits {
		clientBits += "=" + strconv.Itoa(bits)
		if p.ContextTakeover {
			return DeflateExtension + "; server_max_window_bits=" + strconv.Itoa(bits) + clientBits +
				", " + DeflateExtension + "; server_no_context_takeover" + clientBits
		}
	}
	if !p.ContextTakeover {
		return noTakeover + clientBits
	}
	return DeflateExtension + clientBits
}

// CheckAnswer judges the values of Sec-WebSocket-Extensions in a server's response to the [DeflatePolicy.Offer] of the
// same policy, and returns what they mean for the client; ok is false if the server does not compress. Anything that the
// offer did not ask for is [ErrResponseExtensions], and the client has to give up (RFC 6455 §4.1, RFC 7692 §5.1).
func (p DeflatePolicy) CheckAnswer(lines []string) (params DeflateParams, ok bool, err error) {
	for _, line := range lines {
		for ext := range extensions(line) {
			if ext.malformed || ok || !strings.EqualFold(ext.name, DeflateExtension) {
				return DeflateParams{}, false, ErrResponseExtensions
			}
			answer, good := parseDeflateParams(ext.params)
			if params, ok = p.accept(answer); !good || !ok {
				return DeflateParams{}, false, ErrResponseExtensions
			}
		}
	}
	return params, ok, nil
}

// accept takes the server at its word, if it may say that.
func (p DeflatePolicy) accept(answer offeredParams) (params DeflateParams, ok bool) {
	most := boundBits(p.WindowBits)
	params.Out = DeflateDirection{Takeover: p.ContextTakeover && !answer.has(clientNoTakeover), WindowBits: most}
	params.In = DeflateDirection{Takeover: !answer.has(serverNoTakeover), WindowBits: maxWindowBits}
	if answer.has(serverWindowBits) {
		params.In.WindowBits = answer.serverBits
	}
	if answer.has(clientWindowBits) {
		params.Out.WindowBits = answer.clientBits
	}
	switch {
	case params.In.WindowBits == 0, params.Out.WindowBits == 0: // in an answer they have a value
		return params, false
	case answer.has(clientWindowBits) && (!p.windows() || answer.clientBits > most):
		return params, false
	case params.In.Takeover && (!p.ContextTakeover || params.In.WindowBits > most): // more than we offered to keep
		return params, false
	}
	return params, true
}
