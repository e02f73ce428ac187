package proto

import (
	"encoding/json"
	"strings"
)

// Connect is the object of CONNECT. Fields that it does not name are ignored, and names are read in any case.
type Connect struct {
	Echo        bool   `json:"echo"`
	Verbose     bool   `json:"verbose"`
	Pedantic    bool   `json:"pedantic"`
	TLSRequired bool   `json:"tls_required"`
	NKey        string `json:"nkey,omitempty"`
	JWT         string `json:"jwt,omitempty"`
	Sig         string `json:"sig,omitempty"`
	Token       string `json:"auth_token,omitempty"`
	User        string `json:"user,omitempty"`
	Pass        string `json:"pass,omitempty"`
	Name        string `json:"name"`
	Lang        string `json:"lang"`
	Version     string `json:"version"`
	// Protocol 1 says that the client understands an INFO at any time. Others than 0 and 1 are [ErrClientProtocol].
	Protocol int `json:"protocol"`
	// Account and NewAccount are of the past: either is [ErrAuthorization].
	Account    string `json:"account,omitempty"`
	NewAccount bool   `json:"new_account,omitempty"`
	// Headers says that the client understands HMSG. Without it, HPUB is [ErrNoHeaders].
	Headers bool `json:"headers,omitempty"`
	// NoResponders asks for the 503 of [AppendNoResponders]. It needs Headers: [ErrNoRespondersNeedHeaders].
	NoResponders bool `json:"no_responders,omitempty"`

	// Import, Export and RemoteAccount are sent by leaf nodes.
	Import        *SubjectPermission `json:"import,omitempty"`
	Export        *SubjectPermission `json:"export,omitempty"`
	RemoteAccount string             `json:"remote_account,omitempty"`

	// ProxySig is a trusted proxy's signature of the nonce.
	ProxySig string `json:"proxy_sig,omitempty"`
}

// SubjectPermission is what a leaf node may import or export.
type SubjectPermission struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

// DefaultConnect is what the reference assumes of a client before its CONNECT, and of every field that CONNECT leaves out:
// verbose, pedantic and echo are on.
func DefaultConnect() Connect {
	return Connect{Echo: true, Verbose: true, Pedantic: true}
}

// ParseConnect reads the arguments of a first CONNECT. The error is [ErrBadJSON].
func ParseConnect(line []byte) (Connect, error) {
	c := DefaultConnect()
	if err := c.Merge(line); err != nil {
		return Connect{}, err
	}
	return c, nil
}

// Merge reads the arguments of a further CONNECT: fields that it leaves out keep their values. If it is not readable, c is
// left as it was and the error is [ErrBadJSON].
func (c *Connect) Merge(line []byte) error {
	plain := *c
	if plain.readPlain(line) {
		*c = plain
		return nil
	}
	merged := *c
	if json.Unmarshal(line, &merged) != nil { // its error is not wrapped: it may hold a piece of a secret
		return ErrBadJSON
	}
	*c = merged
	return nil
}

// AppendConnect appends CONNECT {…} for a client's role.
func AppendConnect(dst []byte, c *Connect) []byte {
	object, err := json.Marshal(c)
	if err != nil {
		return dst // can not happen: strings, numbers and booleans always marshal
	}
	dst = append(dst, "CONNECT "...)
	dst = append(dst, object...)
	return append(dst, CRLF...)
}

// redacted stands for a secret in a trace log.
const redacted = `"[REDACTED]"`

// AppendRedacted appends the arguments of CONNECT for a trace log: no password, token, signature, key or JWT is in it.
// Fields come out sorted by name. What is not a JSON object comes out as "[REDACTED]" altogether.
func AppendRedacted(dst, line []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return append(dst, redacted...)
	}
	for name := range fields {
		if isSecret(name) {
			fields[name] = json.RawMessage(redacted)
		}
	}
	object, err := json.Marshal(fields)
	if err != nil {
		return append(dst, redacted...)
	}
	return append(dst, object...)
}

// isSecret reports whether a field of CONNECT is kept out of logs. Prefixes count for the two that people misspell, such
// as password. Names are compared as encoding/json does.
func isSecret(name string) bool {
	for _, prefix := range [...]string{"pass", "auth_token"} {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return true
		}
	}
	for _, secret := range [...]string{"pass", "auth_token", "jwt", "nkey", "sig", "proxy_sig"} {
		if strings.EqualFold(name, secret) {
			return true
		}
	}
	return false
}
