package proto

// Op is an operation of the protocol.
type Op uint8

// The operations. OpNone says that the input is exhausted.
const (
	OpNone Op = iota
	OpConnect
	OpInfo
	OpPub
	OpHPub
	OpSub
	OpUnsub
	OpPing
	OpPong
	OpMsg
	OpHMsg
	OpOK
	OpErr
)

// String returns the verb as it is written on the wire; "" for OpNone.
func (o Op) String() string {
	for i := range verbs {
		if verbs[i].op == o {
			return verbs[i].name
		}
	}
	return ""
}

// hasBody reports whether the control line is followed by a body.
func (o Op) hasBody() bool {
	switch o {
	case OpPub, OpHPub, OpMsg, OpHMsg:
		return true
	}
	return false
}

// Role says which side of a connection reads, and so which verbs are legal.
type Role uint8

const (
	// RoleServer reads what a client sends: CONNECT PUB HPUB SUB UNSUB PING PONG +OK -ERR INFO.
	RoleServer Role = 1 << iota
	// RoleClient reads what a server sends: INFO MSG HMSG PING PONG +OK -ERR.
	RoleClient
)

const bothRoles = RoleServer | RoleClient

// A shape is how a line goes on after its verb.
type shape uint8

const (
	// shapeArgs: at least one space or tab, then arguments up to the line end.
	shapeArgs shape = iota
	// shapeJSON: spaces and tabs are optional, then the text up to the line end.
	shapeJSON
	// shapeBare: whatever follows up to the line end means nothing and is skipped, however long.
	shapeBare
)

type verb struct {
	name  string // upper case; none is the beginning of another
	op    Op
	shape shape
	roles Role
}

// maxVerb is the longest name in verbs.
const maxVerb = len("CONNECT")

// verbs is every verb, those with the same first letter side by side; see verbsFor.
var verbs = [...]verb{
	{"PUB", OpPub, shapeArgs, RoleServer},
	{"PING", OpPing, shapeBare, bothRoles},
	{"PONG", OpPong, shapeBare, bothRoles},
	{"HPUB", OpHPub, shapeArgs, RoleServer},
	{"HMSG", OpHMsg, shapeArgs, RoleClient},
	{"MSG", OpMsg, shapeArgs, RoleClient},
	{"SUB", OpSub, shapeArgs, RoleServer},
	{"UNSUB", OpUnsub, shapeArgs, RoleServer},
	{"CONNECT", OpConnect, shapeJSON, RoleServer},
	{"INFO", OpInfo, shapeJSON, bothRoles},
	{"+OK", OpOK, shapeBare, bothRoles},
	{"-ERR", OpErr, shapeArgs, bothRoles},
}

// verbsFor returns the verbs whose first letter is c, and maybe others.
func verbsFor(c byte) []verb {
	switch c {
	case 'P', 'p':
		return verbs[0:3]
	case 'H', 'h':
		return verbs[3:5]
	case 'M', 'm':
		return verbs[5:6]
	case 'S', 's':
		return verbs[6:7]
	}
	return verbs[7:]
}

// findVerb looks for the verb that b, which is not empty, begins with. It returns nil and true if b is the unfinished
// beginning of one.
func findVerb(b []byte, role Role) (v *verb, unfinished bool) {
	some := verbsFor(b[0])
	for i := range some {
		v := &some[i]
		if v.roles&role == 0 || !v.begins(b) {
			continue
		}
		if len(b) < len(v.name) {
			return nil, true
		}
		return v, false
	}
	return nil, false
}

// begins reports whether b and the verb agree, in any case, as far as both go.
func (v *verb) begins(b []byte) bool {
	for i := 0; i < len(v.name) && i < len(b); i++ {
		c := b[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != v.name[i] {
			return false
		}
	}
	return true
}

// Args is one operation. Every slice is valid until the next call of [Parser.Next], except an owned Body.
type Args struct {
	Op Op
	// Owned says that Body is a buffer that the receiver may keep. If it does not, [Args.Recycle] saves the next one.
	Owned bool
	// Subject of PUB, HPUB, SUB, MSG and HMSG. It is not checked.
	Subject []byte
	// Reply of PUB, HPUB, MSG and HMSG; nil if there is none.
	Reply []byte
	// Queue is the queue group of SUB; nil if there is none.
	Queue []byte
	// SID is the subscription's identity, chosen by the client: of SUB, UNSUB, MSG and HMSG. Any text without blanks.
	SID []byte
	// Max of UNSUB: after how many messages in all; 0 means at once. An unreadable number means at once, too.
	Max int
	// HeaderLen is how many bytes of Body are header. 0 for PUB and MSG, and for an HPUB that says so.
	HeaderLen int
	// Body is header and payload, without the CR LF behind it. An owned body has room for those two bytes; the
	// capacity of any other ends with it.
	Body []byte
	// Line is the raw arguments: the JSON of CONNECT and INFO, the text of -ERR with its quotes. nil for PING, PONG, +OK.
	Line []byte

	spare []byte // a recycled body
}

// clear makes a ready for the next operation.
func (a *Args) clear() { *a = Args{spare: a.spare} }

// Recycle gives an owned Body back: the next body that has to be collected, and is found with the same Args, may lie in it.
func (a *Args) Recycle() {
	if a.Owned {
		a.spare, a.Body, a.Owned = a.Body[:0], nil, false
	}
}

// Header returns the header part of the body; nil if there is none.
func (a *Args) Header() []byte {
	if a.HeaderLen == 0 {
		return nil
	}
	return a.Body[:a.HeaderLen:a.HeaderLen]
}

// Payload returns the body without its header.
func (a *Args) Payload() []byte {
	return a.Body[a.HeaderLen:]
}
