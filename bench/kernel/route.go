package kernel

import "slices"

// interest is the receivers of one subject who chose one subscription id.
type interest struct {
	subject   string
	sid       string
	next      *interest // same subject, another id
	receivers []*conn
	batch     *batch // what the chunk at hand has for them
}

// batch is MSGs that go out together. Room for a frame header is in front, so that one buffer serves TCP and WebSocket.
type batch struct {
	raw      []byte // headRoom bytes, then MSGs
	packed   []byte // the same compressed, made when the first asks
	framedAt int    // where in raw the frame begins; 0 when its header is not written yet
	packedAt int    // where in packed the frame begins
}

// minPacked is the size below which a frame is not compressed, as in the servers that this one is compared with.
const minPacked = 64

func (s *Server) join(c *conn, subject, sid []byte) {
	head := s.interests[string(subject)]
	i := head
	for i != nil && i.sid != string(sid) {
		i = i.next
	}
	if i == nil {
		i = &interest{subject: string(subject), sid: string(sid), next: head}
		s.interests[i.subject] = i
	}
	i.receivers = append(i.receivers, c)
	c.joined = append(c.joined, i)
}

// leave takes c out of an interest, and the interest out of the map with its last receiver.
func (s *Server) leave(c *conn, i *interest) {
	at := slices.Index(i.receivers, c)
	last := len(i.receivers) - 1
	i.receivers[at], i.receivers[last] = i.receivers[last], nil
	if i.receivers = i.receivers[:last]; last > 0 {
		return
	}
	if head := s.interests[i.subject]; head != i {
		for head.next != i {
			head = head.next
		}
		head.next = i.next
	} else if i.next != nil {
		s.interests[i.subject] = i.next
	} else {
		delete(s.interests, i.subject)
	}
}

func (s *Server) unsubscribe(c *conn, sid []byte) {
	at := slices.IndexFunc(c.joined, func(i *interest) bool { return i.sid == string(sid) })
	if at < 0 {
		return
	}
	s.flush() // what was published before still goes to it
	s.leave(c, c.joined[at])
	c.joined = slices.Delete(c.joined, at, at+1)
}

// publish puts one MSG into the batch of each interest. size is the length of the body in digits; body has its line end.
func (s *Server) publish(subject, reply, size, body []byte) {
	for i := s.interests[string(subject)]; i != nil; i = i.next {
		if i.batch == nil {
			i.batch = s.newBatch()
			s.dirty = append(s.dirty, i)
		}
		b := append(i.batch.raw, "MSG "...)
		b = append(append(append(append(b, subject...), ' '), i.sid...), ' ')
		if len(reply) > 0 {
			b = append(append(b, reply...), ' ')
		}
		b = append(append(b, size...), "\r\n"...)
		i.batch.raw = append(b, body...)
	}
}

func (s *Server) newBatch() *batch {
	if n := len(s.spare); n > 0 {
		b := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return b
	}
	return &batch{raw: make([]byte, headRoom, 512)}
}

// flush sends the batches of the chunk at hand.
func (s *Server) flush() {
	for _, i := range s.dirty {
		b := i.batch
		for _, c := range i.receivers {
			if !c.doomed && !s.send(c, s.form(b, c.mode)) {
				s.doom(c)
			}
		}
		b.raw, b.packed, b.framedAt = b.raw[:headRoom], b.packed[:0], 0
		i.batch = nil
		s.spare = append(s.spare, b)
	}
	s.dirty = s.dirty[:0]
}

// form gives the batch as a connection of that mode is sent it. Each form is made once.
func (s *Server) form(b *batch, m mode) []byte {
	body := b.raw[headRoom:]
	if m == modeClient {
		return body
	}
	if m == modePacked && len(body) >= minPacked {
		if len(b.packed) == 0 {
			var room [headRoom]byte
			b.packed = s.deflate.message(append(b.packed, room[:]...), body)
			b.packedAt = putHeader(b.packed, bitFin|bitPacked|opBinary)
		}
		if len(b.packed) < len(b.raw) {
			return b.packed[b.packedAt:]
		}
	}
	if b.framedAt == 0 {
		b.framedAt = putHeader(b.raw, bitFin|opBinary)
	}
	return b.raw[b.framedAt:]
}

// putHeader writes the header of a frame in front of what b has behind headRoom, and says where it begins, which is never 0.
func putHeader(b []byte, first byte) int {
	var header [headRoom]byte
	h := appendHeader(header[:0], first, len(b)-headRoom)
	at := headRoom - len(h)
	copy(b[at:], h)
	return at
}

// sendOps sends control lines, which are never compressed.
func (s *Server) sendOps(c *conn, ops []byte) bool {
	if c.mode == modeClient {
		return s.send(c, ops)
	}
	s.plain = append(appendHeader(s.plain[:0], bitFin|opBinary, len(ops)), ops...)
	return s.send(c, s.plain)
}
