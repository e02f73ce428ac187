package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/url"
	"testing"
	"time"

	"weir/internal/auth"
)

// certified makes a certificate as a client would present it.
func certified(t *testing.T, template x509.Certificate) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotAfter = big.NewInt(1), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// A certificate is the user whose name says all of it and nothing else.
//
// advisory: CVE-2026-33248
func TestCertificatesMapToUsers(t *testing.T) {
	subject := pkix.Name{CommonName: "www.example.org", Organization: []string{"Acme, Inc"}, OrganizationalUnit: []string{"Web"}}
	dc := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}
	withDC := pkix.Name{CommonName: "bob", ExtraNames: []pkix.AttributeTypeAndValue{{Type: dc, Value: "example"}, {Type: dc, Value: "com"}}}
	uri, _ := url.Parse("spiffe://example.org/app")
	o, ou, cn, uid := asn1.ObjectIdentifier{2, 5, 4, 10}, asn1.ObjectIdentifier{2, 5, 4, 11}, asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	raw := func(seq ...pkix.RelativeDistinguishedNameSET) x509.Certificate {
		der, err := asn1.Marshal(pkix.RDNSequence(seq))
		if err != nil {
			t.Fatal(err)
		}
		return x509.Certificate{RawSubject: der}
	}
	several := raw(pkix.RelativeDistinguishedNameSET{{Type: o, Value: "Acme"}}, pkix.RelativeDistinguishedNameSET{{Type: ou, Value: "Web"}, {Type: cn, Value: "bob"}})
	forged := raw(pkix.RelativeDistinguishedNameSET{{Type: o, Value: "Acme"}}, pkix.RelativeDistinguishedNameSET{{Type: cn, Value: "bob+OU=Web"}})
	strange := raw(pkix.RelativeDistinguishedNameSET{{Type: dc, Value: "org"}}, pkix.RelativeDistinguishedNameSET{{Type: uid, Value: "7"}}, pkix.RelativeDistinguishedNameSET{{Type: cn, Value: "bob"}})
	for _, tt := range []struct {
		name  string
		cert  x509.Certificate
		users []string
		want  string
	}{
		{"e-mail", x509.Certificate{EmailAddresses: []string{"a@example.org", "b@example.org"}}, []string{"b@example.org"}, "b@example.org"},
		{"DNS name", x509.Certificate{DNSNames: []string{"app.example.org"}}, []string{"app.example.org"}, "app.example.org"},
		{"URI", x509.Certificate{URIs: []*url.URL{uri}}, []string{"spiffe://example.org/app"}, "spiffe://example.org/app"},
		{"e-mail before DNS name", x509.Certificate{EmailAddresses: []string{"a@x"}, DNSNames: []string{"d"}}, []string{"d", "a@x"}, "a@x"},
		{"subject", x509.Certificate{Subject: subject}, []string{`CN=www.example.org,OU=Web,O=Acme\, Inc`}, `CN=www.example.org,OU=Web,O=Acme\, Inc`},
		{"subject, another order", x509.Certificate{Subject: subject}, []string{`O=Acme\, Inc, CN=www.example.org, OU=Web`}, `O=Acme\, Inc, CN=www.example.org, OU=Web`},
		{"subject with domain components", x509.Certificate{Subject: withDC}, []string{"cn=bob,dc=com,dc=example"}, "cn=bob,dc=com,dc=example"},
		{"a part is missing", x509.Certificate{Subject: subject}, []string{"CN=www.example.org"}, ""},
		{"a part is another", x509.Certificate{Subject: subject}, []string{`CN=www.example.org,OU=Mail,O=Acme\, Inc`}, ""},
		{"several in one part", several, []string{"OU=Web+CN=bob, O=Acme"}, "OU=Web+CN=bob, O=Acme"},
		{"several in one part, flattened", several, []string{"CN=bob, OU=Web, O=Acme"}, ""},
		{"a value that looks like several", forged, []string{"CN=bob+OU=Web,O=Acme"}, ""},
		{"unknown type", strange, []string{"CN=bob,UID=7,DC=org"}, ""},
		{"unknown type left out", strange, []string{"CN=bob", "CN=bob,DC=org"}, "CN=bob,DC=org"},
		{"the same order before another", x509.Certificate{Subject: subject}, []string{`O=Acme\, Inc,OU=Web,CN=www.example.org`, `cn=www.example.org, OU=Web, O=Acme\2C Inc`}, `cn=www.example.org, OU=Web, O=Acme\2C Inc`},
		{"no escape at all", x509.Certificate{Subject: subject}, []string{`CN=www.example.org,OU=Web,O=Acme\`, `CN=www.example.org,OU=Web,O=\zz`, `CN`, `CN=#01`}, ""},
		{"nobody", x509.Certificate{Subject: subject}, []string{"www.example.org"}, ""},
	} {
		config := auth.Config{}
		for _, u := range tt.users {
			config.Users = append(config.Users, auth.User{Name: u})
		}
		id, err := compile(t, config).LoginCertificate(certified(t, tt.cert), auth.Credentials{})
		if (err == nil) != (tt.want != "") || id.Name != tt.want {
			t.Errorf("%s: got %q, %v; want %q", tt.name, id.Name, err, tt.want)
		}
	}
}

// A user comes in by the types of connections that it may use only, and one that a listener could map is its certificate.
func TestConnectionTypes(t *testing.T) {
	config := auth.Config{NoAuthUser: "web", Users: []auth.User{
		{Name: "any", Password: "p"}, {Name: "tcp", Password: "p", Types: []auth.Type{auth.Standard}},
		{Name: "web", Types: []auth.Type{auth.WebSocket, "MQTT"}}, {Name: "bare"},
	}}
	for _, tt := range []struct {
		by     auth.Type
		mapped []auth.Type
		cr     auth.Credentials
		ok     bool
	}{
		{auth.Standard, nil, auth.Credentials{User: "any", Pass: "p"}, true},
		{auth.WebSocket, nil, auth.Credentials{User: "any", Pass: "p"}, true},
		{auth.Standard, nil, auth.Credentials{User: "tcp", Pass: "p"}, true},
		{auth.WebSocket, nil, auth.Credentials{User: "tcp", Pass: "p"}, false},
		{auth.Standard, nil, auth.Credentials{}, false},
		{auth.WebSocket, nil, auth.Credentials{}, true},
		{auth.WebSocket, []auth.Type{auth.WebSocket}, auth.Credentials{}, true},
		{auth.Standard, nil, auth.Credentials{User: "bare"}, true},
		{auth.Standard, []auth.Type{auth.WebSocket}, auth.Credentials{User: "bare"}, false},
		{auth.WebSocket, []auth.Type{auth.Standard}, auth.Credentials{User: "web"}, true},
	} {
		p, err := auth.Compile(config, tt.by, tt.mapped...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Login(tt.cr); (err == nil) != tt.ok {
			t.Errorf("%+v by %s, mapped %v: %v", tt.cr, tt.by, tt.mapped, err)
		}
	}
	known, unknown := auth.ParseTypes([]string{"standard", "WebSocket", "SOMETHING"})
	if len(known) != 2 || len(unknown) != 1 || unknown[0] != "SOMETHING" {
		t.Errorf("parsed %v and %v", known, unknown)
	}
}
