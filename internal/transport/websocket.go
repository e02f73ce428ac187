package transport

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"weir/ws"
)

// Limits of reading compressed messages. They bound the transport and are not max_payload: a legal batch of messages may
// be larger (design §5).
const (
	// untrustedMessage bounds a compressed message, before and after inflating, of a peer that is not authenticated, where
	// no gate has a limit.
	untrustedMessage = 16 << 10
	// trustedMessage bounds the compressed bytes of one message that comes in parts, which are kept until it is whole.
	trustedMessage = 64 << 20
	// trustedInflated bounds what one message may inflate to, trustedRatio how many times its own size once that is more than
	// ratioFrom: below, a legal batch of messages of one repeated letter reaches DEFLATE's own limit of 1032.
	trustedInflated = 256 << 20
	trustedRatio    = 100
	ratioFrom       = 16 << 20
	// maxFragments bounds how many fragments of one compressed message are collected.
	maxFragments = 4096
)

// Defaults of [Framing].
const (
	// DefaultMaxFrame keeps a pong from waiting for long behind a large message, and suits clients with a limit on frames.
	DefaultMaxFrame = 256 << 10
	// DefaultThreshold is nats-server's.
	DefaultThreshold = 64
)

// Framing is how a WebSocket connection frames and compresses. The zero value of a field means its default.
type Framing struct {
	// Deflate says that permessage-deflate was agreed, Params to what, Level how strongly to compress (1 to 9).
	Deflate bool
	Params  ws.DeflateParams
	Level   int
	// Threshold is the number of bytes up to which a flush is sent plain.
	Threshold int
	// MaxFrame is the largest payload in bytes of one uncompressed frame that is sent.
	MaxFrame int
	// NoMasking lets the client leave its frames unmasked.
	NoMasking bool
	// MaxPacked, if not nil, is how many compressed bytes of one message of a trusted peer are kept until it is whole; it may
	// change at any time. Never more than 64 MiB are.
	MaxPacked *atomic.Int32
	// Host is the one that the client named to a proxy that tells of it; empty for others.
	Host string
	// Answer is the response to the request for an upgrade. It goes out in front of the first flush.
	Answer []byte
}

// ErrMessageTooBig says that a compressed message goes beyond the transport's limits; it closes with 1009.
var ErrMessageTooBig = errors.New("transport: compressed message too big")

// PeerClosed is the end of a connection by the peer's close frame.
type PeerClosed struct {
	Code   ws.CloseCode
	Reason string
}

func (e *PeerClosed) Error() string {
	return fmt.Sprintf("closed by peer: %d %s", uint16(e.Code), e.Reason)
}

// webSocket is the framing of one connection.
type webSocket struct {
	// Immutable but for trusted, which is owned by the goroutine that serves, as what follows is.
	deflate, noMasking, trusted bool
	role                        ws.Role
	level                       int8
	threshold, maxFrame         int32
	maxPacked                   *atomic.Int32 // of [Framing]
	windows                     *windows      // nil where messages stand alone and may refer back 32 KiB

	host   *string // that the client named to a proxy; nil if nobody says
	answer *[]byte // of [Framing], until the first flush takes it along; owned by the holder of the flush flag

	*inbound
}

// inbound is what a WebSocket knows of the message that is coming in. A trusted connection has none between two messages.
type inbound struct {
	dec       ws.Decoder
	packed    []byte // fragments of a compressed message that is not complete
	fragments int
	untrusted int // limit in bytes of a compressed message until the peer is trusted, before and after inflating
	inflated  int // bytes that the chunk inflated to

	early  [earlySize]byte // what TakePong has read and was no pong: the beginning of the next chunk
	nEarly int
}

var inbounds = sync.Pool{New: func() any { return new(inbound) }}

// newInbound is for the beginning of a message.
func (s *webSocket) newInbound() *inbound {
	in := inbounds.Get().(*inbound)
	*in = inbound{dec: ws.NewDecoder(s.role, ws.DecoderOptions{Deflate: s.deflate, NoMasking: s.noMasking})}
	return in
}

// settle gives the inbound back between two messages, and returns how much the chunk inflated to.
func (s *webSocket) settle() (inflated int) {
	inflated, s.inflated = s.inflated, 0
	if s.trusted && s.dec.Idle() {
		inbounds.Put(s.inbound)
		s.inbound = nil
	}
	return inflated
}

// brieflyPacked is the size in bytes of compressed messages up to which inflating them keeps nobody waiting.
const brieflyPacked = 4 << 10

// collected is how many bytes there are of a compressed message that is not complete.
func (s *webSocket) collected() int {
	if s.inbound == nil {
		return 0
	}
	return len(s.packed)
}

// windows is what a connection with context takeover, or with small windows, keeps of each direction. It holds no memory
// until messages have gone.
type windows struct {
	bits     int  // of what we send
	takeover bool // of what we send

	out ws.Window // owned by the holder of the flush flag
	in  ws.Window // owned by the goroutine that serves
}

// UpgradeWS puts WebSocket framing on a connection that is not being served.
func (c *Conn) UpgradeWS(role ws.Role, f Framing) {
	c.ws = &webSocket{
		role: role, deflate: f.Deflate, noMasking: f.NoMasking, level: int8(f.Level), maxPacked: f.MaxPacked,
		threshold: narrow(cmp.Or(f.Threshold, DefaultThreshold)), maxFrame: narrow(cmp.Or(f.MaxFrame, DefaultMaxFrame)),
	}
	if f.Host != "" {
		c.ws.host = &f.Host
	}
	if len(f.Answer) > 0 {
		answer := f.Answer
		c.ws.answer = &answer
	}
	out, in := f.Params.Out, f.Params.In
	if f.Deflate && (out.Takeover || in.Takeover || out.WindowBits != 0 && out.WindowBits < fullWindow) {
		c.ws.windows = &windows{bits: cmp.Or(out.WindowBits, fullWindow), takeover: out.Takeover, out: out.NewWindow(), in: in.NewWindow()}
	}
	c.ws.inbound = c.ws.newInbound()
	c.ws.untrusted = untrustedMessage
	if c.allowance > 0 {
		c.ws.untrusted = int(c.allowance)
	}
}

// NamedHost is [Framing.Host].
func (c *Conn) NamedHost() string {
	if c.ws == nil || c.ws.host == nil {
		return ""
	}
	return *c.ws.host
}

// pongSize is the size in bytes of a masked pong without payload, which is what a ping without payload is answered by.
const pongSize = 6

// earlySize is how many bytes TakePong reads.
const earlySize = 16

// isPong reports whether p is that.
func isPong(p []byte) bool {
	const fin, masked = 0x80, 0x80
	return len(p) == pongSize && p[0] == fin|byte(ws.OpPong) && p[1] == masked
}

// keepEarly keeps what was read before anybody serves, and takeEarly gives it to who does.
func (s *webSocket) keepEarly(p []byte) {
	s.inbound = s.newInbound()
	s.nEarly = copy(s.early[:], p)
}

func (s *webSocket) takeEarly() []byte {
	if s == nil || s.inbound == nil {
		return nil
	}
	n := s.nEarly
	s.nEarly = 0
	return s.early[:n]
}

func narrow(n int) int32 { return int32(min(n, math.MaxInt32)) }

// read decodes one chunk.
func (s *webSocket) read(p []byte, sink Sink) error {
	if s.inbound == nil {
		s.inbound = s.newInbound()
	}
	for len(p) > 0 {
		// Small messages that follow each other go on as one piece: the layers above are entered once and not for each.
		payload, rest := s.dec.Gather(p)
		if len(payload) > 0 {
			if err := sink.Data(payload); err != nil {
				return err
			}
		}
		ev, rest, err := s.dec.Next(rest)
		if err != nil {
			return err
		}
		p = rest
		switch ev.Kind {
		case ws.EventData:
			err = s.data(&ev, sink)
		case ws.EventPing:
			err = sink.Frame(string(ws.AppendControl(nil, ws.OpPong, ev.Payload, nil)))
		case ws.EventClose:
			err = &PeerClosed{Code: ev.Code, Reason: string(ev.Reason)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// data hands on a piece of a message, inflated if it is compressed.
func (s *webSocket) data(ev *ws.Event, sink Sink) error {
	if !ev.Compressed {
		if len(ev.Payload) == 0 {
			return nil
		}
		return sink.Data(ev.Payload)
	}
	if ev.End && s.fragments == 0 {
		return s.inflate(ev.Payload, sink)
	}
	limit := trustedMessage
	switch {
	case !s.trusted:
		limit = s.untrusted
	case s.maxPacked != nil:
		limit = min(limit, int(s.maxPacked.Load()))
	}
	s.fragments++
	if len(s.packed)+len(ev.Payload) > limit || s.fragments > maxFragments && len(s.packed) < s.fragments*minFragment {
		return ErrMessageTooBig
	}
	s.packed = append(s.packed, ev.Payload...)
	if !ev.End {
		return nil
	}
	whole := s.packed
	s.packed, s.fragments = nil, 0
	return s.inflate(whole, sink)
}

// fullWindow is the bits of a window of 32 KiB, which every inflater has.
const fullWindow = 15

// minFragment is the mean size in bytes below which a message of very many pieces is taken for an attack.
const minFragment = 64

// inflate hands on a whole compressed message.
func (s *webSocket) inflate(packed []byte, sink Sink) error {
	limit := ws.InflateLimit{MaxBytes: trustedInflated, MaxRatio: trustedRatio, RatioFrom: ratioFrom}
	if !s.trusted {
		limit = ws.InflateLimit{MaxBytes: int64(s.untrusted - s.inflated)}
	}
	if len(packed) > trustedMessage || !s.trusted && (len(packed) > s.untrusted || s.inflated >= s.untrusted) {
		return ErrMessageTooBig
	}
	var n int64
	var err error
	if s.windows != nil {
		n, err = s.windows.in.Inflate(packed, limit, sink.Data)
	} else {
		n, err = ws.Inflate(packed, limit, sink.Data)
	}
	s.inflated += int(n)
	if errors.Is(err, ws.ErrInflateTooBig) || errors.Is(err, ws.ErrInflateRatio) {
		return ErrMessageTooBig
	}
	return err
}
