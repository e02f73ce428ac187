package config_test

import (
	"testing"
)

// Where the file names users of the system account alone, nobody else is asked who it is.
func TestOpenBesideSystem(t *testing.T) {
	for text, want := range map[string]bool{
		"":                     false,
		"accounts { $SYS {} }": true,
		"accounts { $SYS { users: [ { user: a, password: p } ] } }": true,
		"accounts [ '$SYS' ]":                                              true,
		"accounts { A {} }":                                                false,
		"accounts { A {} }\nsystem: A":                                     true,
		"system_account: A\naccounts { A {} }":                             true,
		"accounts { $SYS {}, A {} }":                                       false,
		"accounts { $SYS {} }\nno_system_account: true":                    true,
		"accounts { $SYS {} }\nauthorization {}":                           false,
		"AUTHORIZATION { timeout: 1 }\naccounts { $SYS {} }":               false,
		"accounts { $SYS { users: [ { user: a } ] } }\nno_auth_user: a":    false,
		"accounts { $SYS {} }\nwebsocket { port: -1, authorization { } }":  true,
		"accounts { $SYS {} }\nmappings { a: b }":                          true,
		"accounts { $SYS {} }\nsystem_account: B":                          false,
		"accounts { SYS { users: [ { user: a } ] } }\nsystem_account: SYS": true,
	} {
		if got := mustParse(t, text).Auth.Open; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// What the blocks of a file may not say together.
func TestAccountsBesideOthers(t *testing.T) {
	const users = "accounts { A { users: [ { user: a, pass: p } ] } }"
	for text, want := range map[string]string{
		"authorization { users: [ { user: a, pass: p } ] }\n" + users:                                              `weir.conf:2:1: Duplicate user "a" detected`,
		users + "\nauthorization { users: [ { user: a, pass: p } ] }":                                              `weir.conf:2:1: Duplicate user "a" detected`,
		users + "\nauthorization { users: [ { user: b, pass: p } ] }":                                              "",
		"authorization { user: x, pass: y }\n" + users:                                                             "weir.conf:2:1: Can not have a single user/pass and accounts",
		users + "\nauthorization { user: x, pass: y }":                                                             "weir.conf:2:1: Can not have a single user/pass and accounts",
		"authorization { token: x }\n" + users:                                                                     "weir.conf:2:1: Can not have a token and accounts",
		users + "\nauthorization { token: x }":                                                                     "weir.conf:2:1: Can not have a token and accounts",
		"authorization { token: x }\naccounts { A {} }":                                                            "",
		"authorization { user: x, pass: y }\naccounts [ A ]":                                                       "",
		users + "\nno_auth_user: a":                                                                                "",
		users + "\nno_auth_user: b":                                                                                `no_auth_user: "b" not present as user or nkey in authorization block or account configuration`,
		"accounts { A {} }\nno_auth_user: b":                                                                       `no_auth_user: "b" present, but users/nkeys are not defined`,
		"system_account: A\naccounts { A {} }":                                                                     "",
		"system_account: A\naccounts { B {} }":                                                                     `weir.conf:1:1: system_account: account "A" is not defined`,
		"accounts { B {} }\nsystem: A":                                                                             `weir.conf:2:1: system_account: account "A" is not defined`,
		"system_account: '$G'":                                                                                     "",
		"system_account: '$SYS'":                                                                                   "",
		"no_system_account: true\naccounts { A { exports: [ { service: a, latency: l } ] } }":                      `weir.conf:2:29: Error adding service latency sampling for "a": system account not setup`,
		"accounts { A { exports: [ { service: a, latency: l } ] } }\nno_sys_acc: true":                             `weir.conf:1:29: Error adding service latency sampling for "a": system account not setup`,
		"no_system_account: true\nsystem: A\naccounts { A { exports: [ { service: a, latency: l } ] } }":           "",
		"accounts { A { imports: [ { stream: { account: B, subject: s } } ] }, B { exports: [ { stream: t } ] } }": `weir.conf:1:29: account "A": Error adding stream import "s": stream import not authorized: not exported`,
		"mappings { a: \"b.$1\" }":                                                                                 `weir.conf:1:12: Error adding mapping for "a": invalid mapping destination: wildcard index out of range in $1`,
	} {
		if got := verdict(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
