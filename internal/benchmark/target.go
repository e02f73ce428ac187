package benchmark

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/nats-io/nkeys"

	"weir/internal/proto"
)

// Target is where the server is, and who comes in.
type Target struct {
	// Server is a URL: nats:// or tcp:// (with TLS if the server wants it), tls://, ws:// or wss://. It may have a user
	// and a password, or a token in place of the user.
	Server string
	// User and Password, or Token, instead of those in the URL.
	User, Password, Token string
	// Creds is the file of a user's JWT and seed, NKey that of a seed.
	Creds, NKey string
	// CA is a file of certificates (PEM) that the server's is checked against, in place of the system's.
	CA string
	// Insecure does not check the server's certificate.
	Insecure bool
	// TLSFirst begins TLS before the server's INFO, over tls:// and nats://.
	TLSFirst bool
	// Compress offers permessage-deflate, and insists on it.
	Compress bool
	// Timeout is how long a connection may take, and how long an answer is waited for.
	Timeout time.Duration
}

// endpoint is a Target that was read.
type endpoint struct {
	server  string // the URL without user and password
	address string // host:port
	host    string // as in the URL
	path    string
	web     bool
	tlsNow  bool // before the first byte of HTTP or NATS
	tlsNext bool // behind INFO, even if INFO does not ask for it
	tls     *tls.Config
	deflate bool
	login   login
	timeout time.Duration
}

// login is who comes in.
type login struct {
	user, password, token string
	jwt                   string
	key                   nkeys.KeyPair // nil without one
	public                string        // of a key without a JWT
}

// schemes are the ports that URLs leave out.
var schemes = map[string]string{"nats": "4222", "tcp": "4222", "tls": "4222", "ws": "80", "wss": "443"}

// resolve reads t. An error is a [FieldError].
func (t Target) resolve() (*endpoint, error) {
	u, err := url.Parse(t.Server)
	if err != nil {
		return nil, wrong("server", "not a URL") // the error has the URL, and that may have a password
	}
	port, known := schemes[u.Scheme]
	e := &endpoint{
		host: u.Host, path: u.RequestURI(), web: u.Scheme == "ws" || u.Scheme == "wss",
		tlsNow: u.Scheme == "wss" || t.TLSFirst, tlsNext: u.Scheme == "tls",
		deflate: t.Compress, timeout: t.Timeout,
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	e.server = shown.String()
	switch {
	case !known:
		return nil, wrong("server", "%s is not a nats://, tls://, ws:// or wss:// URL", e.server)
	case u.Hostname() == "":
		return nil, wrong("server", "%s names no host", e.server)
	case t.Compress && !e.web:
		return nil, wrong("compress", "only ws:// and wss:// can compress")
	case t.TLSFirst && e.web:
		return nil, wrong("tls-first", "only nats:// and tls:// know it")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	e.address = net.JoinHostPort(u.Hostname(), port)
	if e.tls, err = t.tlsConfig(u.Hostname()); err != nil {
		return nil, err
	}
	e.login, err = t.readLogin(u.User)
	return e, err
}

func (t Target) tlsConfig(host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, InsecureSkipVerify: t.Insecure}
	if t.CA == "" {
		return c, nil
	}
	text, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, wrong("tls-ca", "%v", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, wrong("tls-ca", "%s has no certificate", t.CA)
	}
	return c, nil
}

func (t Target) readLogin(info *url.Userinfo) (l login, err error) {
	l = login{user: t.User, password: t.Password, token: t.Token}
	if info != nil && l == (login{}) {
		if password, ok := info.Password(); ok {
			l.user, l.password = info.Username(), password
		} else {
			l.token = info.Username()
		}
	}
	switch {
	case t.Creds != "" && t.NKey != "":
		return l, wrong("creds", "can not be given together with --nkey")
	case t.Creds != "":
		err = l.readCreds(t.Creds)
	case t.NKey != "":
		err = l.readNKey(t.NKey)
	}
	return l, err
}

func (l *login) readCreds(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return wrong("creds", "%v", err)
	}
	if l.jwt, err = nkeys.ParseDecoratedJWT(text); err == nil {
		l.key, err = nkeys.ParseDecoratedUserNKey(text)
	}
	if err != nil {
		return wrong("creds", "%s: %v", file, err)
	}
	return nil
}

func (l *login) readNKey(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return wrong("nkey", "%v", err)
	}
	if l.key, err = nkeys.ParseDecoratedNKey(text); err == nil {
		l.public, err = l.key.PublicKey()
	}
	if err != nil {
		return wrong("nkey", "%s: %v", file, err)
	}
	return nil
}

// errNoNonce says that a key is of no use.
var errNoNonce = errors.New("the server does not ask for a signature, so --creds and --nkey are of no use")

// connect is the CONNECT that answers an INFO.
func (l *login) connect(info *proto.Info, secure bool) (proto.Connect, error) {
	c := proto.Connect{
		Echo: true, Headers: true, NoResponders: true, Protocol: 1, TLSRequired: secure,
		User: l.user, Pass: l.password, Token: l.token, JWT: l.jwt, NKey: l.public,
		Name: "weir bench", Lang: "weir", Version: "1",
	}
	if l.key == nil {
		return c, nil
	}
	if info.Nonce == "" {
		return c, errNoNonce
	}
	signature, err := l.key.Sign([]byte(info.Nonce))
	if err != nil {
		return c, fmt.Errorf("signing of the nonce: %w", err)
	}
	c.Sig = base64.RawURLEncoding.EncodeToString(signature)
	return c, nil
}
