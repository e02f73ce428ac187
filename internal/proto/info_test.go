package proto_test

import (
	"reflect"
	"strings"
	"testing"

	"weir/internal/proto"
)

func stockInfo() proto.Info {
	return proto.Info{
		ServerID: "NC", ServerName: "r<&>e", Version: "2.15.2", Proto: 1, GoVersion: "go1.26.8",
		Host: "127.0.0.1", Port: 4714, Headers: true, MaxPayload: 1048576, APILevel: 5, XKey: "XD",
		Visitor: proto.Visitor{ClientID: 5, ClientIP: "127.0.0.1"},
	}
}

// TestAppendInfo compares with lines that the reference sent, keys shortened: the order, what is left out, the escapes and
// the space before the CR LF.
func TestAppendInfo(t *testing.T) {
	const head = `INFO {"server_id":"NC","server_name":"r\u003c\u0026\u003ee","version":"2.15.2","proto":1,"go":"go1.26.8",` +
		`"host":"127.0.0.1","port":4714,"headers":true,`
	const visitor = `"max_payload":1048576,"client_id":5,"client_ip":"127.0.0.1",`
	const tail = `"api_lvl":5,"xkey":"XD"} ` + "\r\n"

	plain := stockInfo()
	first := stockInfo()
	first.AuthRequired, first.Nonce, first.Cluster = true, "q5jOTuT_VLX2UqI", "C"
	second := stockInfo()
	second.AuthRequired, second.JetStream, second.Cluster, second.Domain = true, true, "C", "DD"
	second.Binding = proto.Binding{ConnectInfo: true, RemoteAccount: "$SYS", IsSystemAccount: true}
	for _, row := range []struct {
		info proto.Info
		want string
	}{
		{plain, head + visitor + tail},
		{first, head + `"auth_required":true,` + visitor + `"nonce":"q5jOTuT_VLX2UqI","cluster":"C",` + tail},
		{second, head + `"auth_required":true,"max_payload":1048576,"jetstream":true,"client_id":5,"client_ip":"127.0.0.1",` +
			`"cluster":"C","domain":"DD","connect_info":true,"remote_account":"$SYS","acc_is_sys":true,` + tail},
	} {
		if got := string(proto.AppendInfo([]byte("x"), &row.info)); got != "x"+row.want {
			t.Errorf("\n got %q\nwant %q", got, row.want)
		}
	}
}

func TestInfoComesBack(t *testing.T) {
	want := stockInfo()
	want.GitCommit, want.Nonce, want.Cluster, want.Domain, want.Weir = "abc", "n", "c", "d", "0.1.0"
	want.AuthRequired, want.TLSRequired, want.TLSVerify, want.TLSAvailable = true, true, true, true
	want.JetStream, want.LameDuck = true, true
	want.ConnectURLs, want.WSConnectURLs = []string{"a:1", "b:2"}, []string{"c:3"}
	want.Binding = proto.Binding{ConnectInfo: true, RemoteAccount: "A", IsSystemAccount: true}
	v := reflect.ValueOf(want)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not set in this test", v.Type().Field(i).Name)
		}
	}
	p := proto.NewParser(proto.RoleClient)
	var a proto.Args
	if rest, err := p.Next(proto.AppendInfo(nil, &want), &free, &a); err != nil || a.Op != proto.OpInfo || len(rest) != 0 {
		t.Fatalf("%v %v %q", err, a.Op, rest)
	}
	got, err := proto.ParseInfo(a.Line)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
	}
	for _, name := range []string{"git_commit", "tls_required", "tls_verify", "tls_available", "connect_urls",
		"ws_connect_urls", "ldm", "weir", "acc_is_sys"} {
		if !strings.Contains(string(a.Line), `"`+name+`":`) {
			t.Errorf("%s is not in %s", name, a.Line)
		}
	}
}

// TestParseInfoParity: the reference stays open for the first row, and closes silently for the others.
func TestParseInfoParity(t *testing.T) {
	for line, want := range map[string]error{
		"{}": nil, "": proto.ErrBadJSON, "{bad": proto.ErrBadJSON, `{"port":"x"}`: proto.ErrBadJSON,
	} {
		if _, err := proto.ParseInfo([]byte(line)); err != want {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// A client that alone is asked to leave gets what all get on a server that retreats.
func TestInfoThatAsksToLeave(t *testing.T) {
	for _, b := range []proto.Binding{{}, {ConnectInfo: true, RemoteAccount: "A"}} {
		info := proto.Info{ServerID: "ID", Cluster: "c", ConnectURLs: []string{"a:1"}, LameDuck: true, APILevel: 5, Binding: b}
		info.ClientID = 7
		want := string(proto.AppendInfo(nil, &info))
		for _, all := range []bool{false, true} {
			info.LameDuck = all
			v := proto.Visitor{ClientID: 7, Leave: true}
			if got := string(proto.NewInfoForm(&info).Append(nil, &v, &b)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
}
