package system

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// options is the body of a request. What it asks of a page is in fields with the tag param: the name of the page's parameter,
// or a parameter and the value that a true field gives it.
type options interface{ filtered() *filter }

// filter says which servers are to answer. It is in the body of every request.
type filter struct {
	Name    string   `json:"server_name"`
	Cluster string   `json:"cluster"`
	Host    string   `json:"host"`
	Exact   bool     `json:"exact_match"`
	Tags    []string `json:"tags"`
	Domain  string   `json:"domain"`
}

func (f *filter) filtered() *filter { return f }

// admits reports whether this server is to answer. It is in no cluster, and in no domain of JetStream.
func (f *filter) admits(i Identity) bool {
	fits := strings.Contains
	if f.Exact {
		fits = func(name, wanted string) bool { return wanted == "" || name == wanted }
	}
	if !fits(i.Name, f.Name) || !fits(i.Host, f.Host) || f.Cluster != "" || f.Domain != "" {
		return false
	}
	for _, tag := range f.Tags {
		if !slices.Contains(i.Tags, strings.ToLower(strings.TrimSpace(tag))) {
			return false
		}
	}
	return true
}

type connOptions struct {
	filter
	Sort    string    `json:"sort" param:"sort"`
	Auth    bool      `json:"auth" param:"auth"`
	Subs    bool      `json:"subscriptions" param:"subs=1"`
	Detail  bool      `json:"subscriptions_detail" param:"subs=detail"`
	Offset  int       `json:"offset" param:"offset"`
	Limit   int       `json:"limit" param:"limit"`
	CID     uint64    `json:"cid" param:"cid"`
	MQTT    string    `json:"mqtt_client" param:"mqtt_client"`
	State   connState `json:"state" param:"state"`
	User    string    `json:"user" param:"user"`
	Account string    `json:"acc" param:"acc"`
	Subject string    `json:"filter_subject" param:"filter_subject"`
}

// connState is which connections are wanted: a number in a body, a word for the page.
type connState int

func (s connState) String() string {
	words := [...]string{"open", "closed", "any"}
	if s < 0 || int(s) >= len(words) {
		return fmt.Sprint(int(s)) // the page refuses it
	}
	return words[s]
}

type subsOptions struct {
	filter
	Offset  int    `json:"offset" param:"offset"`
	Limit   int    `json:"limit" param:"limit"`
	Subs    bool   `json:"subscriptions" param:"subs=1"`
	Account string `json:"account" param:"acc"`
	Test    string `json:"test" param:"test"`
}

type routeOptions struct {
	filter
	Subs   bool `json:"subscriptions" param:"subs=1"`
	Detail bool `json:"subscriptions_detail" param:"subs=detail"`
}

type gatewayOptions struct {
	filter
	Gateway  string `json:"name" param:"gw_name"`
	Accounts bool   `json:"accounts" param:"accs"`
	Account  string `json:"account_name" param:"acc_name"`
	Subs     bool   `json:"subscriptions" param:"subs=1"`
	Detail   bool   `json:"subscriptions_detail" param:"subs=detail"`
}

type leafOptions struct {
	filter
	Subs    bool   `json:"subscriptions" param:"subs=1"`
	Account string `json:"account" param:"acc"`
}

type accountOptions struct {
	filter
	Account string `json:"account" param:"acc"`
}

type statOptions struct {
	filter
	Accounts []string `json:"accounts"`
	Unused   bool     `json:"include_unused"`
}

type jetStreamOptions struct {
	filter
	Account      string `json:"account" param:"acc"`
	Accounts     bool   `json:"accounts" param:"accounts"`
	Streams      bool   `json:"streams" param:"streams"`
	Consumers    bool   `json:"consumer" param:"consumers"`
	Direct       bool   `json:"direct_consumer" param:"direct-consumers"`
	Config       bool   `json:"config" param:"config"`
	Leader       bool   `json:"leader_only" param:"leader-only"`
	Offset       int    `json:"offset" param:"offset"`
	Limit        int    `json:"limit" param:"limit"`
	Raft         bool   `json:"raft" param:"raft"`
	StreamLeader bool   `json:"stream_leader_only" param:"stream-leader-only"`
}

type healthOptions struct {
	filter
	Enabled     bool   `json:"js-enabled" param:"js-enabled"`
	EnabledOnly bool   `json:"js-enabled-only" param:"js-enabled-only"`
	ServerOnly  bool   `json:"js-server-only" param:"js-server-only"`
	MetaOnly    bool   `json:"js-meta-only" param:"js-meta-only"`
	Account     string `json:"account" param:"account"`
	Stream      string `json:"stream" param:"stream"`
	Consumer    string `json:"consumer" param:"consumer"`
	Details     bool   `json:"details" param:"details"`
}

type queueOptions struct {
	filter
	All    bool   `json:"all" param:"all"`
	Filter string `json:"filter" param:"queues"`
}

// parameters is what o asks of a page. Of two fields for one parameter the later one counts.
func parameters(o options) url.Values {
	all := url.Values{}
	v := reflect.ValueOf(o).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		tag := v.Type().Field(i).Tag.Get("param")
		if tag == "" || f.IsZero() {
			continue
		}
		name, value, fixed := strings.Cut(tag, "=")
		if !fixed {
			value = fmt.Sprint(f.Interface())
		}
		all.Set(name, value)
	}
	return all
}
