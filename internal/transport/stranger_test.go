package transport_test

import (
	"io"
	"testing"

	"weir/internal/transport"
)

// doorman trusts the peer once it has sent so much, and notes the largest piece before and after.
type doorman struct {
	collector
	conn          *transport.Conn
	until         int
	before, after int
}

func (d *doorman) Data(p []byte) error {
	if d.data.Len() < d.until {
		d.before = max(d.before, len(p))
	} else {
		d.after = max(d.after, len(p))
	}
	err := d.collector.Data(p)
	if d.data.Len() >= d.until {
		d.conn.Trust()
	}
	return err
}

// A stranger is read with a small buffer, which may be held for as long as it takes to find out who it is. Who is trusted is not.
func TestStrangersHaveSmallBuffers(t *testing.T) {
	for _, kind := range []string{"detached", "ready"} {
		here, there := tcpPair(t)
		go func() {
			here.Write(make([]byte, 400_000))
			here.Close()
		}()
		c := connOf(kind, there)
		d := &doorman{conn: c, until: 100_000}
		if err := c.Serve(d); err != io.EOF {
			t.Fatal(err)
		}
		if d.before > 4096 || d.after <= 4096 || d.data.Len() != 400_000 {
			t.Errorf("%s: up to %d bytes at once from a stranger, then %d; %d in all", kind, d.before, d.after, d.data.Len())
		}
	}
}
