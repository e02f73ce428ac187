package system

import (
	"fmt"
	"net/http"
	"strings"

	"weir/internal/service"
)

// Claims are what operator mode does with the JWTs of accounts. A nil function is not offered.
type Claims struct {
	// Update takes a new JWT, which is of the account if that is not empty. note is what happened, such as "jwt updated".
	Update func(account, token string) (name, note string, err error)
	// Keeps says that JWTs are kept whatever accounts are in use, so that Update may be asked without naming one.
	Keeps bool
	// Fetch is the JWT of an account; empty if it is not there. The error is one of the system.
	Fetch func(account string) (token string, err error)
	// List is the accounts whose JWTs are kept.
	List func() []string
	// Delete removes the accounts that a signed request names. note is what happened.
	Delete func(request string) (note string, err error)
}

// claimsResponse is the answer to a change.
type claimsResponse struct {
	Server serverInfo     `json:"server"`
	Data   *claimsStatus  `json:"data,omitempty"`
	Error  *claimsFailure `json:"error,omitempty"`
}

type claimsStatus struct {
	Account string `json:"account,omitempty"`
	Code    int    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

type claimsFailure struct {
	Account     string `json:"account,omitempty"`
	Code        int    `json:"code"`
	Description string `json:"description,omitempty"`
}

// listenToClaims subscribes to requests about JWTs of accounts.
func (s *System) listenToClaims(at *listening) {
	c := &s.env.Claims
	if c.Update != nil {
		at.operator("$SYS.REQ.ACCOUNT.*.CLAIMS.UPDATE", func(m *service.Message) { s.updateClaims(m, accountOf(m)) })
		at.operator("$SYS.ACCOUNT.*.CLAIMS.UPDATE", func(m *service.Message) { // of old tools
			s.updateClaims(m, strings.Split(m.Subject, ".")[accountToken-1])
		})
	}
	if c.Update != nil && c.Keeps {
		at.operator("$SYS.REQ.CLAIMS.UPDATE", func(m *service.Message) { s.updateClaims(m, "") })
	}
	if c.Fetch != nil {
		at.operator("$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP", s.lookUpClaims)
	}
	if c.List != nil {
		at.operator("$SYS.REQ.CLAIMS.LIST", s.listClaims)
	}
	if c.List != nil && c.Fetch != nil {
		at.operator("$SYS.REQ.CLAIMS.PACK", s.packClaims)
	}
	if c.Delete != nil {
		at.operator("$SYS.REQ.CLAIMS.DELETE", func(m *service.Message) {
			note, err := c.Delete(string(m.Body))
			s.respondClaims(m, "", note, err)
		})
	}
}

func (s *System) updateClaims(m *service.Message, account string) {
	name, note, err := s.env.Claims.Update(account, string(m.Body))
	s.respondClaims(m, name, note, err)
}

// respondClaims answers what became of a change, and logs it.
func (s *System) respondClaims(m *service.Message, account, note string, err error) {
	r := claimsResponse{Server: s.stamp()}
	if err != nil {
		r.Error = &claimsFailure{account, http.StatusInternalServerError, fmt.Sprintf("%s - %v", note, err)}
		s.env.Log.Error(fmt.Sprintf("%s - %s - %v", note, account, err))
	} else {
		r.Data = &claimsStatus{account, http.StatusOK, note}
		s.env.Log.Debug(note + " - " + account)
	}
	s.respond(m, r)
}

// lookUpClaims answers with the JWT alone, and with nothing if there is none.
func (s *System) lookUpClaims(m *service.Message) {
	token, err := s.env.Claims.Fetch(accountOf(m))
	if err != nil {
		s.env.Log.Error(fmt.Sprintf("Error looking up account %q: %v", accountOf(m), err))
		return
	}
	m.Respond([]byte(token), 0)
}

func (s *System) listClaims(m *service.Message) {
	s.respond(m, struct {
		Data   []string   `json:"data"`
		Server serverInfo `json:"server"`
	}{append([]string{}, s.env.Claims.List()...), s.stamp()})
}

// packClaims answers with one message for each JWT, and an empty one behind them.
func (s *System) packClaims(m *service.Message) {
	for _, name := range s.env.Claims.List() {
		if token, err := s.env.Claims.Fetch(name); err == nil && token != "" {
			m.Respond([]byte(name+"|"+token), 0)
		}
	}
	m.Respond(nil, 0)
}
