package config_test

import (
	"reflect"
	"testing"

	"weir/internal/config"
)

// TestOff holds what is switched off against its one warning.
func TestOff(t *testing.T) {
	for text, key := range map[string]string{
		"jetstream: true":    "jetstream",
		"jetstream: enabled": "jetstream",
		"jetstream {\n store_dir: \"/a\"\n max_mem: 1G\n max_file_store: 10G\n domain: a\n key: b\n limits { batch { max_msgs: 3 } }\n}":                "jetstream",
		"cluster {\n name: a\n listen: -1\n routes [\n nats://a:1\n ]\n authorization { user: a }\n tls { cert_file: a }\n compression { mode: s2 }\n}": "cluster",
		"gateway { name: a, gateways [ { name: b, url: \"nats://a:1\", tls {} } ] }":                                                                    "gateway",
		"leafnodes { listen: -1, remotes [ { url: \"nats://a:1\", proxy { url: \"http://a\" } } ] }":                                                    "leafnodes",
		"leaf { port: -1 }": "leaf",
		"mqtt { port: -1, authorization { user: a, pass: b } }": "mqtt",
		"default_js_domain { A: b }":                            "default_js_domain",
		"feature_flags { a: true }":                             "feature_flags",
		"connect_error_reports: 3":                              "connect_error_reports",
		"reconnect_error_reports: 3":                            "reconnect_error_reports",
	} {
		got, want := mustParse(t, text).Warnings, []string{key + ": not built yet, switched off"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
		}
	}
	for _, text := range []string{"jetstream: false", "jetstream: disabled", "jetstream: \"Disable\"", "cluster {}"} {
		if o := mustParse(t, text); o.Warnings != nil {
			t.Errorf("%s: %q", text, o.Warnings)
		}
	}
}

// TestOffIsChecked finds wrong keys in blocks that are off.
func TestOffIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"\njetstream { foo: 1 }\n":                           `weir.conf:2:13: unknown field "foo"`,
		"\njetstream { limits { batch { foo: 1 } } }\n":      `weir.conf:2:30: unknown field "foo"`,
		"\ncluster { foo: 1 }\n":                             `weir.conf:2:11: unknown field "foo"`,
		"\ncluster { tls { foo: 1 } }\n":                     `weir.conf:2:17: unknown field "foo"`,
		"\ngateway { gateways [ { foo: 1 } ] }\n":            `weir.conf:2:24: unknown field "foo"`,
		"\nleafnodes { remotes: [ { foo: 1} ] }\n":           `weir.conf:2:26: unknown field "foo"`,
		"\nleafnodes { remotes [ { proxy { foo: 1 } } ] }\n": `weir.conf:2:33: unknown field "foo"`,
		"\nmqtt { foo: 1 }\n":                                `weir.conf:2:8: unknown field "foo"`,
		"\nmqtt: 3\n":                                        `weir.conf:2:1: Expected map to define mqtt, got an integer`,
		"\njetstream: maybe\n":                               `weir.conf:2:1: Expected 'enabled' or 'disabled' for string value of jetstream`,
	} {
		if _, err := config.Parse("weir.conf", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s got %v\nwant %s", text, err, want)
		}
	}
}
