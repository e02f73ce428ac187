package monitor

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/conn"
)

// connRow is one connection in /connz.
type connRow struct {
	ID           uint64    `json:"cid"`
	Kind         string    `json:"kind,omitempty"`
	Type         string    `json:"type,omitempty"`
	IP           string    `json:"ip"`
	Port         int       `json:"port"`
	Start        time.Time `json:"start"`
	LastActivity time.Time `json:"last_activity"`
	Stop         time.Time `json:"stop,omitzero"`
	Reason       string    `json:"reason,omitempty"`
	RTT          string    `json:"rtt,omitempty"`
	Uptime       string    `json:"uptime"`
	Idle         string    `json:"idle"`
	Pending      int64     `json:"pending_bytes"`
	InMsgs       int64     `json:"in_msgs"`
	OutMsgs      int64     `json:"out_msgs"`
	InBytes      int64     `json:"in_bytes"`
	OutBytes     int64     `json:"out_bytes"`
	NumSubs      int       `json:"subscriptions"`
	clientPart
}

// clientPart is who speaks on the connection.
type clientPart struct {
	Name         string     `json:"name,omitempty"`
	Lang         string     `json:"lang,omitempty"`
	Version      string     `json:"version,omitempty"`
	TLSVersion   string     `json:"tls_version,omitempty"`
	TLSCipher    string     `json:"tls_cipher_suite,omitempty"`
	TLSPeerCerts []peerCert `json:"tls_peer_certs,omitempty"`
	TLSFirst     bool       `json:"tls_first,omitempty"`

	AuthorizedUser string      `json:"authorized_user,omitempty"`
	Account        string      `json:"account,omitempty"` // but for the global one
	Subs           []string    `json:"subscriptions_list,omitempty"`
	SubsDetail     []subDetail `json:"subscriptions_list_detail,omitempty"`
	JWT            string      `json:"jwt,omitempty"`
	IssuerKey      string      `json:"issuer_key,omitempty"`
	NameTag        string      `json:"name_tag,omitempty"`
	Tags           []string    `json:"tags,omitempty"`
	Proxy          Proxy       `json:"proxy,omitzero"`
}

// peerCert is one certificate that a client showed.
type peerCert struct {
	Subject    string `json:"subject,omitempty"`
	SPKISHA256 string `json:"spki_sha256,omitempty"`
	CertSHA256 string `json:"cert_sha256,omitempty"`
}

// subDetail is one subscription. Those of a connection are without the account.
type subDetail struct {
	Account    string `json:"account,omitempty"`
	AccountTag string `json:"account_tag,omitempty"`
	Subject    string `json:"subject"`
	Queue      string `json:"qgroup,omitempty"`
	SID        string `json:"sid"`
	Msgs       int64  `json:"msgs"`
	Max        int64  `json:"max,omitempty"`
	CID        uint64 `json:"cid"`
}

// describe makes the row of a connection on the page.
func (s *search) describe(c candidate) connRow {
	if c.gone != nil {
		row := newRow(c.gone, s.now)
		row.Stop, row.Reason = c.gone.Stop.UTC(), c.gone.Reason.String()
		if name := c.gone.Client.Account; s.auth && name != account.Global {
			row.Account, row.NameTag = name, s.tag(name)
		}
		if s.auth {
			row.AuthorizedUser = c.gone.Client.User
		}
		return row
	}
	i := c.conn.Info(s.subs || s.detail)
	row := newRow(&i, s.now)
	slices.SortFunc(i.Subs, compareSID)
	for _, sub := range i.Subs {
		if s.detail {
			row.SubsDetail = append(row.SubsDetail, detail(sub, i.ID))
		} else {
			row.Subs = append(row.Subs, sub.Subject)
		}
	}
	if s.auth {
		row.AuthorizedUser, row.NameTag = i.Client.User, s.tag(i.Client.Account)
		if v, ok := c.conn.Visitor().(interface{ Claims() auth.Shown }); ok {
			shown := v.Claims()
			row.JWT, row.IssuerKey, row.Tags = shown.JWT, shown.Issuer, shown.Tags
		}
		if i.Client.Account != account.Global {
			row.Account = i.Client.Account
		}
		if t := c.conn.Link.TLS(); t != nil {
			row.TLSPeerCerts = peerCerts(t.ConnectionState().PeerCertificates)
		}
	}
	return row
}

func newRow(i *conn.Info, now time.Time) connRow {
	end := lifeEnd(i, now)
	return connRow{
		ID: i.ID, Kind: i.Kind, Type: i.Type, IP: i.IP, Port: i.Port,
		Start: i.Start.UTC(), LastActivity: i.Active.UTC(),
		RTT: rtt(i.RTT), Uptime: uptime(end.Sub(i.Start)), Idle: uptime(end.Sub(i.Active)),
		Pending: i.Pending,
		InMsgs:  i.InMsgs, OutMsgs: i.OutMsgs, InBytes: i.InBytes, OutBytes: i.OutBytes,
		NumSubs: i.NumSub,
		clientPart: clientPart{
			Name: i.Client.Name, Lang: i.Client.Lang, Version: i.Client.Version,
			TLSVersion: i.TLSVersion, TLSCipher: i.TLSCipher, TLSFirst: i.TLSFirst,
			Proxy: Proxy{i.Proxy},
		},
	}
}

// rtt writes d as nats-server does: in whole microseconds below a millisecond.
func rtt(d time.Duration) string {
	if d > time.Microsecond && d < time.Millisecond {
		d = d.Truncate(time.Microsecond)
	}
	return d.String()
}

// compareSID sorts subscriptions by their ids, which are mostly numbers.
func compareSID(a, b *account.Sub) int {
	return cmp.Or(cmp.Compare(len(a.SID), len(b.SID)), cmp.Compare(a.SID, b.SID))
}

func detail(s *account.Sub, cid uint64) subDetail {
	return subDetail{Subject: s.Subject, Queue: s.Queue, SID: s.SID, Msgs: s.Delivered(), Max: s.Max(), CID: cid}
}

// owner is the id of the connection that s belongs to; 0 if it belongs to none.
func owner(s *account.Sub) uint64 {
	if c, ok := s.Owner.(interface{ CID() uint64 }); ok {
		return c.CID()
	}
	return 0
}

func peerCerts(certs []*x509.Certificate) []peerCert {
	var all []peerCert
	for _, c := range certs {
		key, whole := sha256.Sum256(c.RawSubjectPublicKeyInfo), sha256.Sum256(c.Raw)
		all = append(all, peerCert{c.Subject.String(), hex.EncodeToString(key[:]), hex.EncodeToString(whole[:])})
	}
	return all
}
