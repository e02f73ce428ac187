package auth

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
)

// LoginCertificate says whose certificate it is, if a listener maps certificates to users (verify_and_map). The names of
// the certificate are held against those of the users in nats-server's order: e-mail addresses, DNS names, URIs, then the
// subject as a distinguished name, first in the same order of its parts and then in any, and then the subject as crypto/x509
// writes it, with and without domain components. Of cr the password counts, where the user has one, and the proxy. The error
// is that of [Policy.Login].
func (p *Policy) LoginCertificate(cert *x509.Certificate, cr Credentials) (Identity, error) {
	u := p.certified(cert)
	switch {
	case u == nil:
		return Identity{}, ErrDenied
	case u.ProxyRequired && cr.Proxy == "":
		return Identity{}, ErrProxyRequired
	case !matches(u.Password, cr.Pass):
		return Identity{}, ErrDenied
	}
	return Identity{Name: u.Name, Account: u.Account, Perms: u.perms, by: u}, nil
}

// certified is the user whom a certificate names; nil if it names none.
func (p *Policy) certified(cert *x509.Certificate) *user {
	var subject pkix.RDNSequence
	if _, err := asn1.Unmarshal(cert.RawSubject, &subject); err != nil {
		return nil // crypto/x509 would not have read it
	}
	for _, name := range alternativeNames(cert) {
		if u := p.named(name); u != nil {
			return u
		}
	}
	if u := p.bySubject(nameOf(subject)); u != nil {
		return u
	}
	written := cert.Subject.ToRDNSequence().String()
	if dc := domainComponents(subject); dc != "" {
		if u := p.named(written + dc); u != nil {
			return u
		}
	}
	return p.named(written)
}

// named is the user of that name who may come in.
func (p *Policy) named(name string) *user {
	if u := p.users[name]; u != nil && !u.barred {
		return u
	}
	return nil
}

// Lists reports whether there is a list of users, which certificates can be mapped to.
func (p *Policy) Lists() bool { return p.users != nil }

// alternativeNames is the names in the SAN extension (RFC 5280 §4.2.1.6).
func alternativeNames(cert *x509.Certificate) []string {
	names := slices.Concat(cert.EmailAddresses, cert.DNSNames)
	for _, u := range cert.URIs {
		names = append(names, u.String())
	}
	return names
}

// bySubject finds the user whose name is the distinguished name subject.
func (p *Policy) bySubject(subject distinguishedName) *user {
	if len(subject) == 0 {
		return nil
	}
	var same, reordered *user
	for _, u := range p.users {
		if u.barred {
			continue
		}
		// Of several that will do, it is the first by name, so that it is always the same one.
		switch name := parseName(u.Name); {
		case name.equal(subject):
			same = firstOf(same, u)
		case name.reorders(subject):
			reordered = firstOf(reordered, u)
		}
	}
	if same != nil {
		return same
	}
	return reordered
}

func firstOf(known, other *user) *user {
	if known == nil || other.Name < known.Name {
		return other
	}
	return known
}
