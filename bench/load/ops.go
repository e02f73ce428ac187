package load

import "fmt"

// ops hops over the operations that a NATS server sends. All MSGs of one connection have the same size, which is known
// before, so that nothing has to be parsed but the first byte or two of each operation.
type ops struct {
	size     int // bytes of one MSG: its line, its body and both line ends; 0 when none is expected
	messages int // MSGs that came to their end
	infos    int
	pings    int
	pongs    int

	first  byte // first byte of an operation whose second has not come yet, else 0
	skip   int  // bytes left of the current operation
	inMsg  bool // the current operation is a MSG
	toLF   bool // the current operation ends at the next line feed
	failed bool // the current operation is a -ERR
	line   []byte
}

// feed takes the next bytes of the stream. keep, when not nil, gets each MSG whole.
func (o *ops) feed(b []byte, keep func([]byte)) error {
	for len(b) > 0 {
		switch {
		case o.skip > 0:
			b = o.hop(b, keep)
		case o.toLF:
			rest, err := o.endLine(b)
			if err != nil {
				return err
			}
			b = rest
		case o.first == 0:
			o.first, b = b[0], b[1:]
		default:
			if err := o.begin(o.first, b[0]); err != nil {
				return err
			}
			if o.inMsg && keep != nil {
				o.line = append(o.line[:0], o.first, b[0])
			}
			o.first, b = 0, b[1:]
		}
	}
	return nil
}

// hop goes on to the end of the operation, or of the chunk.
func (o *ops) hop(b []byte, keep func([]byte)) []byte {
	n := min(o.skip, len(b))
	o.skip -= n
	if o.inMsg && keep != nil {
		o.line = append(o.line, b[:n]...)
	}
	if o.skip == 0 && o.inMsg {
		o.inMsg = false
		o.messages++
		if keep != nil {
			keep(o.line)
		}
	}
	return b[n:]
}

// begin tells an operation by its first two bytes.
func (o *ops) begin(first, second byte) error {
	switch string([]byte{first, second}) {
	case "MS":
		if o.size == 0 {
			return fmt.Errorf("a MSG where none was expected")
		}
		o.skip, o.inMsg = o.size-2, true
	case "PI":
		o.pings++
		o.skip = len("PING\r\n") - 2
	case "PO":
		o.pongs++
		o.skip = len("PONG\r\n") - 2
	case "IN":
		o.toLF = true
	case "-E":
		o.toLF, o.failed, o.line = true, true, append(o.line[:0], "-E"...)
	default:
		return fmt.Errorf("an operation begins with %q: a MSG was not of %d bytes, or the stream is broken", []byte{first, second}, o.size)
	}
	return nil
}

// endLine goes on to the end of a line: of an INFO, or of a -ERR, which is an error here too.
func (o *ops) endLine(b []byte) ([]byte, error) {
	for i, c := range b {
		if o.failed {
			o.line = append(o.line, c)
		}
		if c != '\n' {
			continue
		}
		if o.failed {
			return nil, fmt.Errorf("the server answers %q", o.line)
		}
		o.toLF = false
		o.infos++
		return b[i+1:], nil
	}
	return nil, nil
}
