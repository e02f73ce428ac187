package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// inflater is what one message is inflated with. None belongs to a connection: no side keeps its window.
type inflater struct {
	in  bytes.Reader
	out io.ReadCloser
	buf [32 << 10]byte
}

var inflaters = sync.Pool{New: func() any { return &inflater{out: flate.NewReader(nil)} }}

// inflate hands the body of one compressed message to data, in pieces (RFC 7692 §7.2.2: the four bytes that the sender
// left away are put back, and then an empty final block, which ends the stream). packed may grow.
func inflate(packed []byte, data func([]byte) error) error {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	z.in.Reset(append(packed, 0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff))
	if err := z.out.(flate.Resetter).Reset(&z.in, nil); err != nil {
		return err
	}
	for {
		n, err := z.out.Read(z.buf[:])
		if n > 0 {
			if err := data(z.buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("a compressed message can not be inflated: %w", err)
		}
	}
}
