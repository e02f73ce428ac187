package callout

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/auth"
	"weir/internal/proto"
)

// audience is that of requests, xkeyHeader the header that names the key by which one is encrypted (ADR-26).
const (
	audience   = "nats-authorization-request"
	xkeyHeader = "Nats-Server-Xkey"
)

// errNoCurve refuses to ask in the open who wants to be asked encrypted.
var errNoCurve = errors.New("no curve keys in FIPS 140 mode")

// ask asks, and returns the claims of the user whom the answer lets in. The error is an [auth.Refusal].
func (c *Caller) ask(i *inquiry) (*jwt.UserClaims, error) {
	u, err := c.answer(i)
	if err != nil {
		return nil, i.refuse(err)
	}
	return u, nil
}

func (c *Caller) answer(i *inquiry) (*jwt.UserClaims, error) {
	in := c.env.Accounts.Lookup(i.in)
	if in == nil {
		return nil, fmt.Errorf("no valid account %q for auth callout request: %w", i.in, errNoAccount)
	}
	user, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	if i.key, err = user.PublicKey(); err != nil {
		return nil, err
	}
	request, header, err := c.request(i)
	if err != nil {
		return nil, fmt.Errorf("error encoding auth request claim on account %q: %w", i.in, err)
	}
	m, err := c.deliver(in, request, header, i.From.Arrival.Patience)
	if err != nil {
		return nil, fmt.Errorf("%w on account %q", auth.ErrUnanswered, i.in)
	}
	return c.read(i, m.Body)
}

// request is what is asked, behind a header of so many bytes.
func (c *Caller) request(i *inquiry) (request []byte, header int, err error) {
	if i.xkey != "" && c.env.XKey == nil {
		return nil, 0, errNoCurve
	}
	claim, err := c.claim(i)
	if err != nil {
		return nil, 0, err
	}
	token, err := claim.Encode(c.env.Key)
	if err != nil || i.xkey == "" {
		return []byte(token), 0, err
	}
	public, err := c.env.XKey.PublicKey()
	if err != nil {
		return nil, 0, err
	}
	sealed, err := c.env.XKey.Seal([]byte(token), i.xkey)
	if err != nil {
		return nil, 0, err
	}
	request = proto.SetHeader(nil, nil, xkeyHeader, []byte(public))
	return append(request, sealed...), len(request), nil
}

// claim is the request before it is signed: that of the library, and what is ours beside it.
func (c *Caller) claim(i *inquiry) (*jwt.GenericClaims, error) {
	r, err := c.authorization(i)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage // as they are: numbers keep all their digits
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	claim := jwt.NewGenericClaims(i.issuer)
	claim.Audience = audience
	claim.Expires = time.Now().Add(i.From.Arrival.Patience).Unix()
	claim.Data["type"] = jwt.AuthorizationRequestClaim
	for name, value := range fields {
		claim.Data[name] = value
	}
	if f := i.From.Arrival.Forwarded; f != nil {
		claim.Data["weir"] = f
	}
	return claim, nil
}

// authorization is the part of a request that all servers know.
func (c *Caller) authorization(i *inquiry) (*jwt.AuthorizationRequest, error) {
	a, s := i.From.Arrival, c.env.Server()
	r := &jwt.AuthorizationRequest{
		UserNkey: i.key,
		Server:   jwt.ServerID{Name: s.Name, Host: s.Host, ID: s.ID, Version: s.Version, Tags: s.Tags},
		ClientInformation: jwt.ClientInformation{
			Host: a.Host, ID: a.ID, User: i.raw, Name: a.Name, NameTag: i.name, Tags: i.tags, Kind: "Client", Type: a.Kind,
		},
		ConnectOptions: jwt.ConnectOptions{
			JWT: i.JWT, Nkey: i.NKey, SignedNonce: i.Sig, Token: i.Token, Username: i.User, Password: i.Pass,
			Name: a.Name, Lang: a.Lang, Version: a.Version, Protocol: a.Protocol,
		},
		TLS: clientTLS(i.From.TLS),
	}
	if i.Sig != "" {
		r.ClientInformation.Nonce = i.Nonce
	}
	if i.xkey != "" {
		public, err := c.env.XKey.PublicKey()
		if err != nil {
			return nil, err
		}
		r.Server.XKey = public
	}
	return r, nil
}

// clientTLS is what the client negotiated; nil without TLS. Its certificates are in chains where the server verified them.
func clientTLS(s *tls.ConnectionState) *jwt.ClientTLS {
	if s == nil {
		return nil
	}
	t := &jwt.ClientTLS{Version: strings.TrimPrefix(tls.VersionName(s.Version), "TLS "), Cipher: tls.CipherSuiteName(s.CipherSuite)}
	for _, chain := range s.VerifiedChains {
		t.VerifiedChains = append(t.VerifiedChains, encodeAll(chain))
	}
	if len(t.VerifiedChains) == 0 {
		t.Certs = encodeAll(s.PeerCertificates)
	}
	return t
}

func encodeAll(certs []*x509.Certificate) (texts []string) {
	for _, c := range certs {
		texts = append(texts, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
	}
	return texts
}
