package websocket

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"testing"

	"weir/test/process"
)

// subjectTypes are the attributes that subjects of tests have.
var subjectTypes = map[string]asn1.ObjectIdentifier{
	"CN": {2, 5, 4, 3}, "L": {2, 5, 4, 7}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11},
	"DC": {0, 9, 2342, 19200300, 100, 1, 25}, "UID": {0, 9, 2342, 19200300, 100, 1, 1},
}

// subjectOf is a subject in the certificate's order: parts end with a semicolon, and attributes of one part stand around plus
// signs. A backslash makes the next character one of the value.
func subjectOf(text string) (subject pkix.RDNSequence) {
	var set pkix.RelativeDistinguishedNameSET
	var kind, value string
	for text += ";"; text != ""; text = text[1:] {
		switch c := text[0]; {
		case c == '\\':
			text = text[1:]
			value += text[:1]
		case c == '=':
			kind, value = value, ""
		case c == '+' || c == ';':
			set = append(set, pkix.AttributeTypeAndValue{Type: subjectTypes[kind], Value: value})
			value = ""
			if c == ';' {
				subject, set = append(subject, set), nil
			}
		default:
			value += string(c)
		}
	}
	return subject
}

// TestSubjects maps certificates to users by their subjects: which spellings of a name are the name.
func TestSubjects(t *testing.T) {
	rows := []struct {
		name, subject, user string
		in                  bool
	}{
		{"several in one part", "O=Acme;OU=Web+CN=m1", "CN=m1+OU=Web,O=Acme", true},
		{"in another order within", "O=Acme;OU=Web+CN=m2", "OU=Web + CN=m2, O=Acme", true},
		{"parts in another order", "O=Acme;OU=Web+CN=m3", "O=Acme,CN=m3+OU=Web", true},
		{"one of three", "O=Acme;OU=Web+CN=m4+L=Here", "CN=m4+OU=Web,O=Acme", false},
		{"as crypto/x509 writes it", "O=Acme;OU=Web+CN=m5", "CN=m5,OU=Web,O=Acme", true},
		{"flattened", "O=Acme;OU=Web+CN=m6", "CN=m6, OU=Web, O=Acme", false},
		{"flattened, in another order", "O=Acme;OU=Web+CN=m7", "O=Acme,OU=Web,CN=m7", false},
		{"put together", "O=Acme;OU=Web;CN=m8", "CN=m8+OU=Web,O=Acme", false},
		{"looks like several", `O=Acme;CN=m9\+OU\=Web`, "CN=m9+OU=Web,O=Acme", false},
		{"looks like two parts", `O=Acme;CN=m10\,OU\=Web`, "CN=m10, OU=Web, O=Acme", false},
		{"the same type twice", "O=Acme;OU=a;OU=b;CN=m11", "CN=m11,OU=b,OU=a,O=Acme", true},
		{"the same type twice, as crypto/x509 writes it", "O=Acme;OU=a;OU=b;CN=m12", "CN=m12,OU=a+OU=b,O=Acme", true},
		{"the same type twice, put together", "O=Acme;OU=a;OU=b;CN=m13", "CN=m13, OU=a+OU=b, O=Acme", false},
		{"domain components", "DC=org;DC=example;CN=m14", "CN=m14,DC=example,DC=org", true},
		{"domain components beside another", "DC=org;DC=example;O=Acme+CN=m15", "cn=m15+o=Acme,dc=example,dc=org", true},
		{"unknown type", "O=Acme;UID=7;CN=m16", "CN=m16,UID=7,O=Acme", false},
		{"without the unknown type", "O=Acme;UID=7;CN=m17", "CN=m17,O=Acme", true},
		{"without it, in another order", "O=Acme;UID=7;CN=m18", "O=Acme,CN=m18", false},
		{"without it, with domain components", "DC=org;DC=example;UID=7;CN=m19", "CN=m19,DC=org,DC=example", true},
		{"without it, domain components in another order", "DC=org;DC=example;UID=7;CN=m20", "CN=m20,DC=example,DC=org", false},
		{"byte in hexadecimal", `O=Acme;CN=m21\, J`, `CN=m21\2C J,O=Acme`, true},
		{"character escaped", `O=Acme;CN=m22\, J`, `CN=m22\, J, O=Acme`, true},
		{"blank at the end", `O=Acme;CN=m23\ `, `CN=m23\ , O=Acme`, true},
		{"blank at the end, lost", `O=Acme;CN=m24\ `, `CN=m24 , O=Acme`, false},
		{"blanks around", "O=Acme;CN=m25", "  CN = m25 ,  O = Acme ", true},
		{"number sign", `O=Acme;CN=\#m26`, `CN=\#m26, O=Acme`, true},
		{"number sign, in BER", `O=Acme;CN=\#m27`, `CN=#m27, O=Acme`, false},
		{"case of a value", "O=Acme;CN=m28", "CN=M28,O=Acme", false},
	}
	config := "authorization { users: [\n"
	for _, row := range rows {
		config += fmt.Sprintf("  { user: %q }\n", row.user)
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		keys := block(a.server("server", "127.0.0.1"), "verify_and_map: true")
		server := process.Start(t, target, process.Options{Config: config + "] }\n", WebSocket: keys})
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s, err := dialTLS(t, server, a.trust(a.clientWith("client", subjectOf(row.subject))))
				if err != nil {
					t.Fatal(err)
				}
				s.line()
				s.send(data("CONNECT {\"verbose\":false}\r\nPING\r\n"))
				s.wantLogin(row.in)
				if !row.in {
					return
				}
				all := server.Connections(t, "auth=1&sort=start")
				if n := len(all); n == 0 || all[n-1].User != row.user {
					t.Errorf("%+v", all)
				}
				_ = s.Close()
			})
		}
	})
}
