package server

import (
	"crypto/fips140"

	"github.com/nats-io/nkeys"

	"weir/internal/callout"
)

// keys are those of one run of the server.
type keys struct {
	id     string        // the public half of signer
	signer nkeys.KeyPair // signs what is asked of a callout
	curve  nkeys.KeyPair // encrypts it; nil in FIPS 140 mode
	xkey   string        // the public half of curve
}

// newKeys makes keys. As in nats-server, the server's id is one of them.
func newKeys() (k keys, err error) {
	if k.signer, err = nkeys.CreateServer(); err != nil {
		return k, err
	}
	if k.id, err = k.signer.PublicKey(); err != nil {
		return k, err
	}
	if fips140.Enabled() { // X25519 is not approved (FIPS 186-5)
		return k, nil
	}
	if k.curve, err = nkeys.CreateCurveKeys(); err != nil {
		return k, err
	}
	k.xkey, err = k.curve.PublicKey()
	return k, err
}

// newCaller makes who asks callouts.
func (s *Server) newCaller() *callout.Caller {
	return callout.New(callout.Env{
		Key: s.signer, XKey: s.curve, Accounts: s.accounts, Log: s.log,
		Server: func() callout.Server {
			i := s.identity()
			return callout.Server{Name: i.Name, Host: i.Host, ID: i.ID, Version: i.Version, Tags: i.Tags}
		},
	})
}

// complain logs what of the configured callouts can not work.
func (s *Server) complain(o *Options) {
	for _, line := range o.CalloutWarnings() {
		s.log.Error(line)
	}
}
