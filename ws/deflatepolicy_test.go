package ws_test

import (
	"net/http"
	"strings"
	"testing"

	"weir/ws"
)

// agreement writes params down: out and in, bits and * for takeover.
func agreement(p ws.DeflateParams) string {
	side := func(d ws.DeflateDirection) string {
		s := map[int]string{8: "8", 9: "9", 10: "10", 11: "11", 12: "12", 13: "13", 14: "14", 15: "15"}[d.WindowBits]
		if d.Takeover {
			s += "*"
		}
		return s
	}
	return side(p.Out) + " " + side(p.In)
}

func TestDeflatePolicyNegotiate(t *testing.T) {
	const (
		snt, cnt = "; server_no_context_takeover", "; client_no_context_takeover"
		smw, cmw = "; server_max_window_bits", "; client_max_window_bits"
	)
	plain := ws.DeflatePolicy{}
	small := ws.DeflatePolicy{WindowBits: 10}
	both := ws.DeflatePolicy{ContextTakeover: true}
	tight := ws.DeflatePolicy{ContextTakeover: true, WindowBits: 11}
	tests := []struct {
		name          string
		policy        ws.DeflatePolicy
		offer         string // after the name; further offers after a comma
		answer, agree string // agree is empty if nothing is agreed on
	}{
		{"plain, nothing", plain, "", snt + cnt, "15 15"},
		{"plain, all", plain, snt + cnt + smw + "=15" + cmw + "=9", snt + cnt + smw + "=15", "15 15"},
		{"plain, small window", plain, smw + "=14", "", ""},

		{"small, nothing", small, "", snt + cnt, "10 15"},
		{"small, client may be asked", small, cmw, snt + cnt + cmw + "=10", "10 10"},
		{"small, client wants less", small, cmw + "=9", snt + cnt + cmw + "=9", "10 9"},
		{"small, client has more", small, cmw + "=15", snt + cnt + cmw + "=10", "10 10"},
		{"small, server window", small, smw + "=9", snt + cnt + smw + "=9", "9 15"},
		{"small, larger server window", small, smw + "=15", snt + cnt + smw + "=10", "10 15"},

		{"both, nothing", both, "", "", "15* 15*"},
		{"both, no server takeover", both, snt, snt, "15 15*"},
		{"both, no client takeover", both, cnt, cnt, "15* 15"},
		{"both, neither", both, cnt + snt, snt + cnt, "15 15"},
		{"both, server window 15", both, smw + "=15", smw + "=15", "15* 15*"},
		{"both, server window 8", both, smw + "=8", smw + "=8", "8* 15*"},
		{"both, server window 9 and no takeover", both, smw + "=9" + snt, snt + smw + "=9", "9 15*"},
		{"both, client may be asked", both, cmw, "", "15* 15*"},
		{"both, client window 15", both, cmw + "=15", "", "15* 15*"},
		{"both, client window 9", both, cmw + "=9", cmw + "=9", "15* 9*"},
		{"both, all", both, snt + cnt + smw + "=12" + cmw + "=13", snt + cnt + smw + "=12" + cmw + "=13", "12 13"},
		{"both, server window without value", both, smw, "", ""},
		{"both, server window 7", both, smw + "=7", "", ""},
		{"both, server window 16", both, smw + "=16", "", ""},
		{"both, client window 0", both, cmw + "=0", "", ""},
		{"both, flag with value", both, snt + "=true", "", ""},
		{"both, unknown", both, "; level=9", "", ""},
		{"both, repeated", both, cnt + cnt, "", ""},
		{"both, second offer", both, smw + "=7, permessage-deflate" + snt, snt, "15 15*"},
		{"both, first of two", both, smw + "=9, permessage-deflate", smw + "=9", "9* 15*"},

		// A client that can not be held to the smaller window has no takeover.
		{"tight, nothing", tight, "", cnt, "11* 15"},
		{"tight, client may be asked", tight, cmw, cmw + "=11", "11* 11*"},
		{"tight, client wants less", tight, cmw + "=10", cmw + "=10", "11* 10*"},
		{"tight, both windows", tight, cmw + smw + "=15", smw + "=11" + cmw + "=11", "11* 11*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := ws.DeflateExtension + tt.answer
			if tt.agree == "" {
				want = ""
			}
			r := request("Sec-WebSocket-Extensions: permessage-deflate" + tt.offer)
			up, refused := ws.CheckUpgrade(r, &ws.UpgradePolicy{Compression: true, Deflate: tt.policy})
			if refused != nil {
				t.Fatal(refused)
			}
			if up.Deflate != (want != "") || up.Deflate && agreement(up.DeflateParams) != tt.agree {
				t.Fatalf("agreed on %t, %s, want %s", up.Deflate, agreement(up.DeflateParams), tt.agree)
			}
			response := string(up.AppendResponse(nil))
			if got := strings.Contains(response, "Sec-WebSocket-Extensions: "+want+"\r\n"); got != up.Deflate {
				t.Fatalf("want %q in\n%s", want, response)
			}
		})
	}
}

// Offers of a policy, and what answers it takes.
func TestDeflatePolicyClient(t *testing.T) {
	const (
		snt, cnt = "; server_no_context_takeover", "; client_no_context_takeover"
		smw, cmw = "; server_max_window_bits", "; client_max_window_bits"
		name     = ws.DeflateExtension
	)
	small := ws.DeflatePolicy{WindowBits: 10}
	both := ws.DeflatePolicy{ContextTakeover: true}
	tight := ws.DeflatePolicy{ContextTakeover: true, WindowBits: 11}
	offers := map[ws.DeflatePolicy]string{
		{}:    name + snt + cnt,
		small: name + snt + cnt + cmw + "=10",
		both:  name + cmw,
		tight: name + smw + "=11" + cmw + "=11, " + name + snt + cmw + "=11",
	}
	tests := []struct {
		policy ws.DeflatePolicy
		answer string
		agree  string // empty: refused
	}{
		{ws.DeflatePolicy{}, name + snt + cnt, "15 15"},
		{ws.DeflatePolicy{}, name + snt, "15 15"},
		{ws.DeflatePolicy{}, name + snt + smw + "=9", "15 9"},
		{ws.DeflatePolicy{}, name + cnt, ""},
		{ws.DeflatePolicy{}, name + snt + cmw + "=15", ""},
		{small, name + snt + cnt + cmw + "=10", "10 15"},
		{small, name + snt + cnt + cmw + "=9", "9 15"},
		{small, name + snt + cnt + cmw + "=11", ""},
		{small, name + snt + cmw, ""},
		{small, name, ""},
		{both, name, "15* 15*"},
		{both, name + snt, "15* 15"},
		{both, name + cnt, "15 15*"},
		{both, name + snt + cnt, "15 15"},
		{both, name + cmw + "=9", "9* 15*"},
		{both, name + cmw, ""},
		{both, name + smw + "=9", "15* 9*"},
		{both, name + smw, ""},
		{both, name + "; x", ""},
		{both, name + ", " + name, ""},
		{both, "x-other", ""},
		{both, name + ", (", ""},
		{tight, name + smw + "=11" + cmw + "=11", "11* 11*"},
		{tight, name + smw + "=8" + cmw + "=8", "8* 8*"},
		{tight, name + snt + cmw + "=11", "11* 15"},
		{tight, name + snt, "11* 15"},
		{tight, name, ""},
		{tight, name + smw + "=12", ""},
	}
	for _, tt := range tests {
		if got := tt.policy.Offer(); got != offers[tt.policy] {
			t.Errorf("%+v offers %q, want %q", tt.policy, got, offers[tt.policy])
		}
		params, ok, err := tt.policy.CheckAnswer([]string{tt.answer})
		if tt.agree == "" {
			if ok || err != ws.ErrResponseExtensions {
				t.Errorf("%+v takes %q: %s, %v", tt.policy, tt.answer, agreement(params), err)
			}
			continue
		}
		if !ok || err != nil || agreement(params) != tt.agree {
			t.Errorf("%+v, %q: %t, %s, %v, want %s", tt.policy, tt.answer, ok, agreement(params), err, tt.agree)
		}
	}
	if params, ok, err := both.CheckAnswer(nil); ok || err != nil || params != (ws.DeflateParams{}) {
		t.Errorf("no answer: %+v, %t, %v", params, ok, err)
	}
}

// Whatever two sides of this package want, they agree, and on the same.
func TestDeflatePoliciesMeet(t *testing.T) {
	var policies []ws.DeflatePolicy
	for bits := range 16 {
		if p := (ws.DeflatePolicy{WindowBits: bits}); p.Validate() == nil {
			policies = append(policies, p, ws.DeflatePolicy{WindowBits: bits, ContextTakeover: true})
		}
	}
	if len(policies) != 16 { // 0 and 9 to 15
		t.Fatalf("%d policies", len(policies))
	}
	for _, server := range policies {
		for _, client := range policies {
			answer, ours, ok := server.Negotiate([]string{client.Offer()})
			if !ok {
				t.Errorf("%+v declines %q", server, client.Offer())
				continue
			}
			theirs, ok, err := client.CheckAnswer([]string{answer})
			if !ok || err != nil {
				t.Errorf("offer %q, answer %q: %v", client.Offer(), answer, err)
				continue
			}
			for _, d := range [][2]ws.DeflateDirection{{ours.Out, theirs.In}, {theirs.Out, ours.In}} {
				sender, receiver := d[0], d[1]
				if sender.Takeover != receiver.Takeover || sender.WindowBits > receiver.WindowBits {
					t.Errorf("offer %q, answer %q: sender %+v, receiver %+v", client.Offer(), answer, sender, receiver)
				}
			}
		}
	}
}

func TestDeflatePolicyValidate(t *testing.T) {
	for p, good := range map[ws.DeflatePolicy]bool{
		{}: true, {WindowBits: 9, Level: 9, Threshold: 100}: true, {WindowBits: 15, Level: 1}: true,
		{WindowBits: 8}: false, {WindowBits: 16}: false, {WindowBits: -1}: false,
		{Level: 10}: false, {Level: -1}: false, {Threshold: -1}: false,
	} {
		if err := p.Validate(); (err == nil) != good {
			t.Errorf("%+v: %v", p, err)
		}
		if err := (&ws.UpgradePolicy{Deflate: p}).Validate(); (err == nil) != good {
			t.Errorf("UpgradePolicy with %+v: %v", p, err)
		}
	}
}

func TestRequestDeflate(t *testing.T) {
	for _, tt := range []struct {
		policy *ws.DeflatePolicy
		answer string
		want   string // the agreement; "-": none; empty: refused
	}{
		{nil, "", "-"},
		{nil, ws.DeflateExtension, ""},
		{&ws.DeflatePolicy{}, "", "-"},
		{&ws.DeflatePolicy{ContextTakeover: true}, ws.DeflateExtension, "15* 15*"},
		{&ws.DeflatePolicy{ContextTakeover: true}, "x-other", ""},
	} {
		req := ws.Request{Host: "a", Path: "/", Key: "dGhlIHNhbXBsZSBub25jZQ==", Deflate: tt.policy}
		head := string(req.Append(nil))
		if offered := strings.Contains(head, "Sec-WebSocket-Extensions: permessage-deflate"); offered != (tt.policy != nil) {
			t.Errorf("%+v: offered %t in\n%s", tt.policy, offered, head)
		}
		resp := &http.Response{StatusCode: 101, Header: http.Header{
			"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		}}
		if tt.answer != "" {
			resp.Header["Sec-Websocket-Extensions"] = []string{tt.answer}
		}
		params, deflate, err := req.Check(resp)
		got := "-"
		if deflate {
			got = agreement(params)
		}
		if tt.want == "" && (err != ws.ErrResponseExtensions || deflate) || tt.want != "" && (err != nil || got != tt.want) {
			t.Errorf("%+v, %q: %s, %v, want %q", tt.policy, tt.answer, got, err, tt.want)
		}
	}
}
