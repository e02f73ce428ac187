package claims

// trust is whom the server believes.
type trust struct {
	keys    map[string]bool // that may sign accounts
	strict  map[string]bool // those among keys whose operator wants signing keys everywhere
	masters map[string]bool // keys of such operators themselves
	system  string
	pinned  map[string]bool // nil: all accounts
	// sentinel is the JWT of who has none.
	sentinel string
}

// newTrust makes the trust of a valid configuration.
func newTrust(c *Config) (*trust, error) {
	operators, err := decodeOperators(c.Operators)
	if err != nil {
		return nil, err
	}
	t := &trust{keys: map[string]bool{}, strict: map[string]bool{}, masters: map[string]bool{}, system: c.SystemAccount, sentinel: c.Sentinel}
	for _, key := range c.TrustedKeys {
		t.keys[key] = true
	}
	for _, o := range operators {
		if o.StrictSigningKeyUsage {
			t.masters[o.Subject] = true
		} else {
			t.keys[o.Subject] = true
		}
		for _, key := range o.SigningKeys {
			t.keys[key] = true
			if o.StrictSigningKeyUsage {
				t.strict[key] = true
			}
		}
	}
	for _, key := range c.Pinned {
		if t.pinned == nil {
			t.pinned = map[string]bool{c.SystemAccount: true}
		}
		t.pinned[key] = true
	}
	return t, nil
}

// admits reports whether users of the account may come in at all.
func (t *trust) admits(account string) bool { return t.pinned == nil || t.pinned[account] }
