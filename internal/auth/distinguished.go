package auth

import (
	"cmp"
	"crypto/x509/pkix"
	"encoding/hex"
	"slices"
	"strings"
)

// distinguishedName is the parts of a name in RFC 4514's order, which is the reverse of the certificate's. A part is a set of
// attributes (RFC 4514 §2.2), sorted here.
type distinguishedName [][]attribute

// attribute is one of them, its type in capitals.
type attribute struct{ kind, value string }

func compareAttributes(a, b attribute) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value))
}

func compareParts(a, b []attribute) int { return slices.CompareFunc(a, b, compareAttributes) }

// equal reports whether n and o have the same parts in the same order.
func (n distinguishedName) equal(o distinguishedName) bool {
	return slices.EqualFunc(n, o, slices.Equal[[]attribute])
}

// reorders reports whether n and o have the same parts.
func (n distinguishedName) reorders(o distinguishedName) bool {
	return len(n) == len(o) && n.sorted().equal(o.sorted())
}

func (n distinguishedName) sorted() distinguishedName {
	return slices.SortedFunc(slices.Values(n), compareParts)
}

// kinds are the types that nats-server knows: the short names of RFC 4514 §3, and some in common use. A certificate with
// another one is not found by its distinguished name.
var kinds = map[string]string{
	"2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.17": "POSTALCODE", oidDC: "DC",
}

// oidDC is the type of a domain component.
const oidDC = "0.9.2342.19200300.100.1.25"

// nameOf is the name of a subject; nil if it has attributes of an unknown type, or that are no text.
func nameOf(subject pkix.RDNSequence) distinguishedName {
	name := make(distinguishedName, 0, len(subject))
	for _, set := range slices.Backward(subject) {
		part := make([]attribute, len(set))
		for i, a := range set {
			kind, known := kinds[a.Type.String()]
			value, text := a.Value.(string)
			if !known || !text {
				return nil
			}
			part[i] = attribute{kind, value}
		}
		slices.SortFunc(part, compareAttributes)
		name = append(name, part)
	}
	return name
}

// domainComponents is those of a subject, in the certificate's order, as nats-server appends them to what crypto/x509 writes,
// which leaves them out.
func domainComponents(subject pkix.RDNSequence) string {
	var b strings.Builder
	for _, set := range subject {
		for _, a := range set {
			if value, text := a.Value.(string); text && a.Type.String() == oidDC {
				b.WriteString(",DC=" + value)
			}
		}
	}
	return b.String()
}

// parseName reads a distinguished name as RFC 4514 §3 writes it, blanks around its separators allowed; nil if s is none.
func parseName(s string) distinguishedName {
	if !strings.Contains(s, "=") {
		return nil
	}
	var name distinguishedName
	for _, text := range splitEscaped(s, ',') {
		var part []attribute
		for _, text := range splitEscaped(text, '+') {
			kind, value, ok := strings.Cut(text, "=")
			if !ok {
				return nil
			}
			if value, ok = unescape(value); !ok {
				return nil
			}
			part = append(part, attribute{strings.ToUpper(strings.TrimSpace(kind)), value})
		}
		slices.SortFunc(part, compareAttributes)
		name = append(name, part)
	}
	return name
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

// special are the characters that a backslash takes their meaning from; before others, it begins a byte in hexadecimal.
const special = ` "#+,;<=>\`

// unescape reads a value (RFC 4514 §2.4). Blanks around it mean nothing unless they are escaped. A value in BER, behind a
// number sign, is not read.
func unescape(s string) (value string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if strings.HasPrefix(s, "#") {
		return "", false
	}
	out := make([]byte, 0, len(s))
	end := 0 // of out without the blanks that mean nothing
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			if out = append(out, s[i]); s[i] != ' ' {
				end = len(out)
			}
			continue
		}
		i++
		switch {
		case i < len(s) && strings.IndexByte(special, s[i]) >= 0:
			out = append(out, s[i])
		case i+1 < len(s):
			b, err := hex.DecodeString(s[i : i+2])
			if err != nil {
				return "", false
			}
			out = append(out, b...)
			i++
		default:
			return "", false
		}
		end = len(out)
	}
	return string(out[:end]), true
}
