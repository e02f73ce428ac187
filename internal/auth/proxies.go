package auth

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/nats-io/nkeys"
)

// Proxies are those that may vouch for the clients they pass on: each has a key, and signs with it the nonce of the client's
// INFO. It never changes and may be asked by any number of goroutines.
type Proxies struct {
	keys []proxyKey
}

type proxyKey struct {
	name string // its public half
	pair nkeys.KeyPair
}

// ErrProxyKey refuses what is not the public half of a key.
var ErrProxyKey = errors.New("invalid proxy key")

// maxShownKey is how many characters of a bad key an error shows: what is longer may be most of a secret one.
const maxShownKey = 16

// CheckProxyKey is nil or an [ErrProxyKey] for the public half of a proxy's key, of whatever kind.
func CheckProxyKey(key string) error {
	switch {
	case nkeys.IsValidPublicKey(key):
		return nil
	case len(key) > maxShownKey:
		return ErrProxyKey
	}
	return fmt.Errorf("%w %q", ErrProxyKey, key)
}

// TrustProxies makes Proxies of the public halves of their keys. The error is [ErrProxyKey].
func TrustProxies(keys []string) (*Proxies, error) {
	p := new(Proxies)
	for _, key := range keys {
		if err := CheckProxyKey(key); err != nil {
			return nil, err
		}
		pair, err := nkeys.FromPublicKey(key)
		if err != nil {
			return nil, ErrProxyKey
		}
		name, err := pair.PublicKey() // the one way to write it; a file may have another
		if err != nil {
			return nil, ErrProxyKey
		}
		p.keys = append(p.keys, proxyKey{name, pair})
	}
	return p, nil
}

// NeedNonce reports whether INFO has to carry a nonce for them.
func (p *Proxies) NeedNonce() bool { return len(p.keys) > 0 }

// Vouching says whose signature of the nonce sig is, by its public key. Without a signature, and where no proxy is trusted,
// that is nobody, the empty string; of a signature by another the error is [ErrProxyNotTrusted] (catalogue §6.6).
func (p *Proxies) Vouching(sig, nonce string) (key string, err error) {
	if sig == "" || len(p.keys) == 0 {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || nonce == "" { // a client from before there were proxies had nothing to be signed
		return "", ErrProxyNotTrusted
	}
	for _, k := range p.keys {
		if k.pair.Verify([]byte(nonce), raw) == nil {
			return k.name, nil
		}
	}
	return "", ErrProxyNotTrusted
}

// Trust reports whether a client that the proxy with that key vouched for may stay. Nobody vouched for is as good.
func (p *Proxies) Trust(key string) bool {
	if key == "" {
		return true
	}
	for _, k := range p.keys {
		if k.name == key {
			return true
		}
	}
	return false
}
