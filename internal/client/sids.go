package client

import "weir/internal/account"

// fewSubs is the number of subscriptions up to which they are a list: comparing so many sids costs no more than one look-up
// in a map, and a map costs 250 bytes for each client.
const fewSubs = 8

// sids is the subscriptions of one client by sid. The zero value is ready.
type sids struct {
	few  []*account.Sub
	many map[string]*account.Sub // in place of few, once there were more
}

func (s *sids) len() int { return len(s.few) + len(s.many) }

// get is the subscription with that sid, or nil.
func (s *sids) get(sid []byte) *account.Sub {
	if s.many != nil {
		return s.many[string(sid)]
	}
	for _, sub := range s.few {
		if sub.SID == string(sid) {
			return sub
		}
	}
	return nil
}

// put adds sub, whose sid is not there yet.
func (s *sids) put(sub *account.Sub) {
	if s.many == nil && len(s.few) < fewSubs {
		s.few = append(s.few, sub)
		return
	}
	if s.many == nil {
		s.many = make(map[string]*account.Sub, 2*fewSubs)
		for _, old := range s.few {
			s.many[old.SID] = old
		}
		s.few = nil
	}
	s.many[sub.SID] = sub
}

// drop removes sub, unless its sid is that of another one by now.
func (s *sids) drop(sub *account.Sub) {
	if s.many[sub.SID] == sub {
		if delete(s.many, sub.SID); len(s.many) == 0 {
			s.many = nil
		}
		return
	}
	for i, old := range s.few {
		if old == sub {
			last := len(s.few) - 1
			s.few[i], s.few[last] = s.few[last], nil
			s.few = s.few[:last]
			return
		}
	}
}

// all appends every subscription to dst.
func (s *sids) all(dst []*account.Sub) []*account.Sub {
	dst = append(dst, s.few...)
	for _, sub := range s.many {
		dst = append(dst, sub)
	}
	return dst
}
