package auth

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"
)

// LoginCertificate says whose certificate it is, if a listener maps certificates to users (verify_and_map). The names of
// the certificate are held against those of the users in nats-server's order: e-mail addresses, DNS names, URIs, then the
// subject as a distinguished name, first in the same order of its parts and then in any. Of cr the password counts, where
// the user has one, and the proxy. The error is that of [Policy.Login].
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
	for _, name := range alternativeNames(cert) {
		if u := p.users[name]; u != nil && !u.barred {
			return u
		}
	}
	if u := p.bySubject(subjectOf(cert)); u != nil {
		return u
	}
	if u := p.users[cert.Subject.ToRDNSequence().String()]; u != nil && !u.barred {
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

// bySubject finds the user whose name is the distinguished name dn.
func (p *Policy) bySubject(dn []string) *user {
	if len(dn) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(dn))
	var reordered *user
	for _, u := range p.users {
		if u.barred {
			continue
		}
		named := parseDN(u.Name)
		if slices.Equal(named, dn) {
			return u
		}
		// Several users with the same parts in other orders: the first by name, so that it is always the same one.
		if slices.Equal(slices.Sorted(slices.Values(named)), sorted) && (reordered == nil || u.Name < reordered.Name) {
			reordered = u
		}
	}
	return reordered
}

// attributes are the short names of the types in distinguished names (RFC 4514 §3, and those in common use).
var attributes = map[string]string{
	"2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.17": "POSTALCODE",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "EMAILADDRESS",
}

// subjectOf is the parts of a certificate's subject, TYPE=value, the last one first as RFC 4514 §2.1 writes them. Parts that
// belong together stay together, joined by a plus sign.
func subjectOf(cert *x509.Certificate) []string {
	var parts []string
	for _, set := range slices.Backward([]pkix.RelativeDistinguishedNameSET(subjectSequence(cert))) {
		var values []string
		for _, a := range set {
			text, ok := a.Value.(string)
			if !ok {
				return nil
			}
			oid := a.Type.String()
			kind, ok := attributes[oid]
			if !ok {
				kind = oid
			}
			values = append(values, kind+"="+text)
		}
		slices.Sort(values)
		parts = append(parts, strings.Join(values, "+"))
	}
	return parts
}

// subjectSequence is the subject with all its parts, those too that crypto/x509 has no field for.
func subjectSequence(cert *x509.Certificate) pkix.RDNSequence {
	name := cert.Subject
	name.ExtraNames = name.Names
	if len(name.Names) > 0 {
		var seq pkix.RDNSequence
		for _, a := range name.Names {
			seq = append(seq, pkix.RelativeDistinguishedNameSET{a})
		}
		return seq
	}
	return name.ToRDNSequence()
}

// parseDN is the parts of a distinguished name as subjectOf writes them; nil if it is not one (RFC 4514 §3).
func parseDN(s string) []string {
	if !strings.Contains(s, "=") {
		return nil
	}
	var parts []string
	for _, part := range splitEscaped(s, ',') {
		var values []string
		for _, value := range splitEscaped(part, '+') {
			kind, text, ok := strings.Cut(value, "=")
			if !ok {
				return nil
			}
			kind = strings.ToUpper(strings.TrimSpace(kind))
			if named, ok := attributes[strings.TrimPrefix(kind, "OID.")]; ok {
				kind = named
			}
			values = append(values, kind+"="+unescape(strings.TrimSpace(text)))
		}
		slices.Sort(values)
		parts = append(parts, strings.Join(values, "+"))
	}
	return parts
}

// splitEscaped cuts s at sep where no backslash stands before it.
func splitEscaped(s string, sep byte) (parts []string) {
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescape removes the backslashes before special characters (RFC 4514 §2.4).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
