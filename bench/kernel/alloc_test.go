package kernel

import (
	"bytes"
	"slices"
	"syscall"
	"testing"
)

// receiver gives a connection that takes part in interest foo, and the other end of its socket.
func receiver(t *testing.T, s *Server, m mode) (c *conn, peer int) {
	t.Helper()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = syscall.Close(ends[0]), syscall.Close(ends[1]) })
	c = &conn{fd: int32(ends[0]), mode: m}
	s.join(c, []byte("foo"), []byte("1"))
	return c, ends[1]
}

// A message allocates nothing, from the frame it comes in to the last receiver.
func TestMessagesDoNotAllocate(t *testing.T) {
	s, err := Listen([4]byte{127, 0, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	body := bytes.Repeat([]byte("abcdefgh"), 100)
	pub := slices.Concat([]byte("PUB foo in.box 800\r\n"), body, []byte("\r\n"))
	packed := s.deflate.message(nil, pub)
	frame := func(first byte, payload []byte) []byte {
		h := appendHeader(nil, first, len(payload))
		h[1] |= bitMask
		return slices.Concat(h, []byte{0, 0, 0, 0}, payload) // a key of zeros changes nothing
	}
	for name, chunk := range map[string]struct {
		mode  mode
		bytes []byte
	}{
		"operations":        {modeClient, bytes.Repeat(pub, 3)},
		"frames":            {modeFrames, bytes.Repeat(frame(bitFin|opBinary, pub), 3)},
		"compressed frames": {modePacked, bytes.Repeat(frame(bitFin|bitPacked|opBinary, packed), 3)},
	} {
		var peers []int
		var all []*conn
		for _, m := range []mode{modeClient, modeFrames, modePacked} {
			c, peer := receiver(t, s, m)
			all, peers = append(all, c), append(peers, peer)
		}
		publisher := &conn{mode: chunk.mode}
		out := make([]byte, 64<<10)
		came := 0
		allocs := testing.AllocsPerRun(50, func() {
			n := copy(s.in, chunk.bytes)
			if rest, ok := s.chunk(publisher, s.in[:n]); !ok || len(rest) > 0 {
				t.Fatal("the chunk was not taken")
			}
			s.flush()
			for _, peer := range peers {
				n, err := syscall.Read(peer, out)
				if err != nil {
					t.Fatal(err)
				}
				came += n
			}
		})
		if allocs > 0 || came == 0 {
			t.Errorf("%s: %v allocations a chunk, %d bytes came", name, allocs, came)
		}
		for _, c := range all {
			s.leave(c, c.joined[0])
		}
		if len(s.interests) > 0 {
			t.Errorf("%d interests are left", len(s.interests))
		}
	}
}

func TestUnmask(t *testing.T) {
	key := []byte{1, 2, 3, 4}
	for n := range 100 {
		b, want := make([]byte, n), make([]byte, n)
		for i := range b {
			b[i] = byte(i)
			want[i] = byte(i) ^ key[i%4]
		}
		if unmask(b, key); !bytes.Equal(b, want) {
			t.Errorf("%d bytes: % x, want % x", n, b, want)
		}
	}
}
