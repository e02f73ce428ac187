package natsgo

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"

	"weir/test/operator"
	"weir/test/process"
)

// claimsAnswer is what a change of claims is answered.
type claimsAnswer struct {
	Server struct{ ID string }
	Data   struct {
		Account, Message string
		Code             int
	}
	Error struct {
		Account, Description string
		Code                 int
	}
}

// TestClaimsRequests asks for, lists, changes and deletes JWTs of accounts through the system account, as nsc does.
func TestClaimsRequests(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		system, app := o.Account(nil), o.Account(nil)
		config := fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: { type: full, dir: %q, allow_delete: true }\n%s",
			o.Token, system.Key.Public, t.TempDir(), o.Preload())
		w := &world{T: t, way: ways[0], server: process.Start(t, target, process.Options{Config: config})}
		sys := w.connect(credentials(w, system.User(nil, nil)))
		ask := func(subject, body string) []byte {
			m, err := sys.Request("$SYS.REQ."+subject, []byte(body), process.Patience)
			w.must(err)
			return m.Data
		}
		change := func(subject, body string) (a claimsAnswer) {
			w.must(json.Unmarshal(ask(subject, body), &a))
			return a
		}
		if got := string(ask("ACCOUNT."+app.Key.Public+".CLAIMS.LOOKUP", "")); got != o.Accounts[app.Key.Public] {
			w.Errorf("looked up %q", got)
		}

		fresh := o.Account(func(c *jwt.AccountClaims) { c.Name = "fresh" })
		token := o.Accounts[fresh.Key.Public]
		if got := ask("ACCOUNT."+fresh.Key.Public+".CLAIMS.LOOKUP", ""); len(got) != 0 {
			w.Errorf("looked up %q", got)
		}
		w.refused("authorization violation", credentials(w, fresh.User(nil, nil)))
		if a := change("CLAIMS.UPDATE", token); a.Data.Code != 200 || a.Data.Account != fresh.Key.Public || a.Data.Message != "jwt updated" || a.Server.ID == "" {
			w.Errorf("%+v", a)
		}
		ann := w.connect(credentials(w, fresh.User(nil, func(c *jwt.UserClaims) {
			c.Name, c.Expires = "ann", time.Now().Add(time.Hour).Unix()
			c.Permissions.Pub.Deny.Add("z")
		})))
		for _, c := range []struct{ subject, body, account, description string }{
			{"CLAIMS.UPDATE", "x", "n/a", "jwt update resulted in error - "},
			{"ACCOUNT." + app.Key.Public + ".CLAIMS.UPDATE", token, app.Key.Public, "jwt update resulted in error - subject does not match jwt content"},
			{"CLAIMS.DELETE", "x", "", "delete accounts request"},
		} {
			a := change(c.subject, c.body)
			if a.Error.Code != 500 || a.Error.Account != c.account || !strings.HasPrefix(a.Error.Description, c.description) {
				w.Errorf("%s: %+v", c.subject, a)
			}
		}
		if a := change("ACCOUNT."+fresh.Key.Public+".CLAIMS.UPDATE", token); a.Data.Code != 200 {
			w.Errorf("%+v", a)
		}

		w.claimsKept(sys, o.Accounts)
		w.userOfClaims(ann, fresh.Key.Public)

		gone := make(chan struct{})
		ann.SetClosedHandler(func(*nats.Conn) { close(gone) })
		ann.Opts.AllowReconnect = false
		request := jwt.NewGenericClaims(o.Public)
		request.Data["accounts"] = []string{fresh.Key.Public}
		signed, err := request.Encode(o.KeyPair)
		w.must(err)
		if a := change("CLAIMS.DELETE", signed); a.Data.Code != 200 || a.Data.Message != "deleted 1 accounts" {
			w.Errorf("%+v", a)
		}
		await(w, gone, "end of a client whose account was deleted")
		if got := ask("ACCOUNT."+fresh.Key.Public+".CLAIMS.LOOKUP", ""); len(got) != 0 {
			w.Errorf("looked up %q", got)
		}
	})
}

// claimsKept asks for the accounts that the resolver has, by name and with their JWTs.
func (w *world) claimsKept(sys *nats.Conn, all map[string]string) {
	w.Helper()
	m, err := sys.Request("$SYS.REQ.CLAIMS.LIST", nil, process.Patience)
	w.must(err)
	var list struct{ Data []string }
	w.must(json.Unmarshal(m.Data, &list))
	if slices.Sort(list.Data); !slices.Equal(list.Data, slices.Sorted(maps.Keys(all))) {
		w.Errorf("%v, want those of %v", list.Data, all)
	}
	packs := w.subscribe(sys, nats.NewInbox())
	w.must(sys.PublishRequest("$SYS.REQ.CLAIMS.PACK", packs.Subject, nil))
	packed := map[string]string{}
	for m := w.next(packs); len(m.Data) > 0; m = w.next(packs) {
		name, token, _ := strings.Cut(string(m.Data), "|")
		packed[name] = token
	}
	if !maps.Equal(packed, all) {
		w.Errorf("packed %v, want %v", packed, all)
	}
}

// userOfClaims asks who the user is: ann of the account called fresh, for less than an hour.
func (w *world) userOfClaims(ann *nats.Conn, account string) {
	w.Helper()
	m, err := ann.Request("$SYS.REQ.USER.INFO", nil, process.Patience)
	w.must(err)
	var answer struct {
		Data struct {
			User, Account string
			AccountName   string `json:"account_name"`
			UserName      string `json:"user_name"`
			Permissions   struct{ Publish struct{ Deny []string } }
			Expires       time.Duration
		}
	}
	w.must(json.Unmarshal(m.Data, &answer))
	d := answer.Data
	if !strings.HasPrefix(d.User, "U") || d.Account != account || d.AccountName != "fresh" || d.UserName != "ann" ||
		fmt.Sprint(d.Permissions.Publish.Deny) != "[z]" || d.Expires <= 0 || d.Expires > time.Hour || d.Expires%time.Second != 0 {
		w.Errorf("%s", m.Data)
	}
}

// TestClaimsRequestsByResolver has what each kind of resolver offers.
func TestClaimsRequestsByResolver(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		system, app := o.Account(nil), o.Account(nil)
		for resolver, offered := range map[string][]string{
			"MEMORY": {"ACCOUNT." + app.Key.Public + ".CLAIMS.UPDATE"},
			fmt.Sprintf("{ type: cache, dir: %q }", t.TempDir()): {
				"ACCOUNT." + app.Key.Public + ".CLAIMS.UPDATE", "CLAIMS.UPDATE", "CLAIMS.LIST", "CLAIMS.DELETE",
			},
		} {
			config := fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: %s\n%s", o.Token, system.Key.Public, resolver, o.Preload())
			w := &world{T: t, way: ways[0], server: process.Start(t, target, process.Options{Config: config})}
			sys := w.connect(credentials(w, system.User(nil, nil)))
			w.connect(credentials(w, app.User(nil, nil))) // the account is in use
			for _, subject := range []string{
				"ACCOUNT." + app.Key.Public + ".CLAIMS.UPDATE", "ACCOUNT." + app.Key.Public + ".CLAIMS.LOOKUP",
				"CLAIMS.UPDATE", "CLAIMS.LIST", "CLAIMS.DELETE",
			} {
				_, err := sys.Request("$SYS.REQ."+subject, []byte("x"), process.Patience)
				if want := slices.Contains(offered, subject); (err == nil) != want || err != nil && err != nats.ErrNoResponders {
					w.Errorf("%s %s: %v, offered %v", resolver, subject, err, want)
				}
			}
		}
	})
}
