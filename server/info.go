package server

import (
	"sync/atomic"

	"weir/internal/proto"
)

// infoForms keeps the INFO of one listener as it is rendered until something changes that it may tell of.
type infoForms struct {
	plain, secure atomic.Pointer[infoForm]
}

// infoForm is an INFO and the epoch that it was rendered in.
type infoForm struct {
	*proto.InfoForm
	epoch uint64
}

// infoChanged says that something has changed that INFO may tell of: the configuration, a listener, that the server drains.
func (s *Server) infoChanged() { s.since.info.Add(1) }

// rendered is the form in which info is kept. secure is for clients whose own connection is encrypted, by whomever.
func (s *Server) rendered(forms *infoForms, secure bool, info func() proto.Info) *proto.InfoForm {
	kept := &forms.plain
	if secure {
		kept = &forms.secure
	}
	epoch := s.since.info.Load() // before info looks: what changes meanwhile makes this form the last one to be old
	if f := kept.Load(); f != nil && f.epoch == epoch {
		return f.InfoForm
	}
	i := info()
	if secure {
		i.TLSRequired, i.TLSAvailable = true, true
	}
	f := &infoForm{proto.NewInfoForm(&i), epoch}
	kept.Store(f)
	return f.InfoForm
}
