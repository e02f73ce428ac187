package proto

import (
	"encoding/json"
	"net"
	"strconv"
	"strings"
)

// Info is the object of INFO, with the names and the order of nats-server 2.15. A server fills the outer fields once and
// Visitor for each connection; Binding it fills for the second INFO only.
type Info struct {
	ServerID   string `json:"server_id"`
	ServerName string `json:"server_name"`
	// Version is what clients compare to switch features on: the version of nats-server that this server equals.
	Version string `json:"version"`
	// Proto is 1: INFO may come again at any time.
	Proto     int    `json:"proto"`
	GitCommit string `json:"git_commit,omitempty"`
	GoVersion string `json:"go"`
	// Host and Port are the listener's; over WebSocket those of the WebSocket listener.
	Host string `json:"host"`
	Port int    `json:"port"`

	Headers      bool `json:"headers"`
	AuthRequired bool `json:"auth_required,omitempty"`
	TLSRequired  bool `json:"tls_required,omitempty"`
	TLSVerify    bool `json:"tls_verify,omitempty"`
	TLSAvailable bool `json:"tls_available,omitempty"`
	// MaxPayload is in bytes. It is the smaller one of the server's and, after CONNECT, the account's.
	MaxPayload int  `json:"max_payload"`
	JetStream  bool `json:"jetstream,omitempty"`

	Visitor

	Cluster string `json:"cluster,omitempty"`
	Domain  string `json:"domain,omitempty"`
	// ConnectURLs is where else a client may connect. Over WebSocket the reference puts the WebSocket addresses here, and
	// leaves WSConnectURLs to servers.
	ConnectURLs   []string `json:"connect_urls,omitempty"`
	WSConnectURLs []string `json:"ws_connect_urls,omitempty"`
	LameDuck      bool     `json:"ldm,omitempty"`

	Binding

	APILevel int    `json:"api_lvl,omitempty"`
	XKey     string `json:"xkey,omitempty"`
	// Weir is this server's own version. It is ours; stock servers do not have it.
	Weir string `json:"weir,omitempty"`
}

// Visitor is the part of INFO that tells a client about itself.
type Visitor struct {
	ClientID uint64 `json:"client_id,omitempty"`
	ClientIP string `json:"client_ip,omitempty"`
	// Nonce is what the client signs. It is in the first INFO only.
	Nonce string `json:"nonce,omitempty"`
	// PayloadLimit, if not 0, is told as max_payload in place of what the form says.
	PayloadLimit int `json:"-"`
	// Host, if not empty, and Port are told in place of the listener's: what a proxy says that the client named.
	Host string `json:"-"`
	Port int    `json:"-"`
	// Leave asks this client alone to go to another server, as LameDuck asks all.
	Leave bool `json:"-"`
}

// Binding is the part of INFO that says what CONNECT led to. It is in the INFO that follows the first PONG, and only for
// clients whose CONNECT has protocol 1.
type Binding struct {
	ConnectInfo     bool   `json:"connect_info,omitempty"`
	RemoteAccount   string `json:"remote_account,omitempty"`
	IsSystemAccount bool   `json:"acc_is_sys,omitempty"`
}

// InfoForm is an INFO rendered once for all clients of a listener. It never changes; Append fills in what is a client's own.
type InfoForm struct {
	// ServerName is the one that it tells.
	ServerName string

	payload            int    // max_payload
	place              string // host and port in head
	lameDuck           bool
	head, middle, tail string // around Visitor and Binding
}

// Marks of the places where [InfoForm.Append] goes on. No string of the object can hold one: its quotes would be escaped.
const (
	visitorMark = `,"client_id":1`
	bindingMark = `,"connect_info":true`
)

// NewInfoForm renders info, of which Visitor and Binding do not count.
func NewInfoForm(info *Info) *InfoForm {
	marked := *info
	marked.Visitor, marked.Binding = Visitor{ClientID: 1}, Binding{ConnectInfo: true}
	object, err := json.Marshal(&marked)
	if err != nil {
		return &InfoForm{} // can not happen: strings, numbers and booleans always marshal
	}
	head, rest, _ := strings.Cut(string(object), visitorMark)
	middle, tail, _ := strings.Cut(rest, bindingMark)
	return &InfoForm{
		ServerName: info.ServerName, payload: info.MaxPayload, place: place(info.Host, info.Port), lameDuck: info.LameDuck,
		head: "INFO " + head, middle: middle, tail: tail + " \r\n",
	}
}

// place is host and port as they stand in an INFO, side by side.
func place(host string, port int) string {
	text, _ := json.Marshal(struct { // never fails on a string and a number
		Host string `json:"host"`
		Port int    `json:"port"`
	}{host, port})
	return string(text[1 : len(text)-1])
}

// Append appends INFO {…} for one client, with a space before the CR LF, as the reference has it.
func (f *InfoForm) Append(dst []byte, v *Visitor, b *Binding) []byte {
	head := f.head
	if n := v.PayloadLimit; n != 0 && n != f.payload {
		const key = `"max_payload":`
		head = strings.Replace(head, key+strconv.Itoa(f.payload), key+strconv.Itoa(n), 1)
	}
	if v.Host != "" {
		head = strings.Replace(head, f.place, place(v.Host, v.Port), 1)
	}
	dst = append(dst, head...)
	if v.ClientID != 0 {
		dst = strconv.AppendUint(append(dst, `,"client_id":`...), v.ClientID, 10)
	}
	dst = appendStringField(dst, `,"client_ip":`, v.ClientIP)
	dst = appendStringField(dst, `,"nonce":`, v.Nonce)
	dst = append(dst, f.middle...)
	if v.Leave && !f.lameDuck { // the last field before those of Binding
		dst = append(dst, `,"ldm":true`...)
	}
	if b.ConnectInfo {
		dst = append(dst, bindingMark...)
	}
	dst = appendStringField(dst, `,"remote_account":`, b.RemoteAccount)
	if b.IsSystemAccount {
		dst = append(dst, `,"acc_is_sys":true`...)
	}
	return append(dst, f.tail...)
}

// appendStringField appends a field of an object, name being its comma, name and colon, unless value is empty.
func appendStringField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, name...)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f || strings.IndexByte(`"\<>&`, c) >= 0 { // what encoding/json writes otherwise
			text, _ := json.Marshal(value) // never fails on a string
			return append(dst, text...)
		}
	}
	return append(append(append(dst, '"'), value...), '"')
}

// AppendInfo appends INFO {…} of all that info says.
func AppendInfo(dst []byte, info *Info) []byte {
	return NewInfoForm(info).Append(dst, &info.Visitor, &info.Binding)
}

// ParseInfo reads the arguments of INFO. A client may send one, too; the reference closes if it is not readable, and does
// nothing otherwise. The error is [ErrBadJSON].
func ParseInfo(line []byte) (Info, error) {
	var info Info
	if json.Unmarshal(line, &info) != nil {
		return Info{}, ErrBadJSON
	}
	return info, nil
}

// SplitHost is host and port of a URL over WebSocket, whose port need not be said.
func SplitHost(named string, secure bool) (host string, port int) {
	if h, p, err := net.SplitHostPort(named); err == nil {
		if n, err := strconv.ParseUint(p, 10, 16); err == nil {
			return h, int(n)
		}
	}
	if secure {
		return strings.Trim(named, "[]"), 443
	}
	return strings.Trim(named, "[]"), 80
}
