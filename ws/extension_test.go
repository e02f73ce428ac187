package ws_test

import (
	"strings"
	"testing"

	"weir/ws"
)

const (
	answer   = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	answer15 = answer + "; server_max_window_bits=15"
)

func TestNegotiateDeflate(t *testing.T) {
	tests := []struct {
		name   string
		offers []string
		want   string
	}{
		{"no header", nil, ""},
		{"empty header", []string{""}, ""},
		{"bare", []string{"permessage-deflate"}, answer},
		{"case and space", []string{" \tPerMessage-Deflate ;\tClient_Max_Window_Bits "}, answer},
		{"Chromium and Firefox", []string{"permessage-deflate; client_max_window_bits"}, answer},
		{"nats.go", []string{answer}, answer},
		{"both flags, other order", []string{"permessage-deflate; client_no_context_takeover; server_no_context_takeover"}, answer},
		{"client window 8", []string{"permessage-deflate; client_max_window_bits=8"}, answer},
		{"client window 15, quoted", []string{`permessage-deflate; client_max_window_bits="15"`}, answer},
		{"client window, escaped", []string{`permessage-deflate; client_max_window_bits="1\0"`}, answer},
		{"space around equals", []string{"permessage-deflate; client_max_window_bits = 10"}, answer},
		{"client window 7", []string{"permessage-deflate; client_max_window_bits=7"}, ""},
		{"client window 16", []string{"permessage-deflate; client_max_window_bits=16"}, ""},
		{"client window 09", []string{"permessage-deflate; client_max_window_bits=09"}, ""},
		{"client window +9", []string{"permessage-deflate; client_max_window_bits=+9"}, ""},
		{"client window empty", []string{`permessage-deflate; client_max_window_bits=""`}, ""},
		{"server window 15", []string{"permessage-deflate; server_max_window_bits=15"}, answer15},
		{"server window 14", []string{"permessage-deflate; server_max_window_bits=14"}, ""},
		{"server window 9", []string{"permessage-deflate; server_max_window_bits=9"}, ""},
		{"server window without value", []string{"permessage-deflate; server_max_window_bits"}, ""},
		{"flag with value", []string{"permessage-deflate; server_no_context_takeover=1"}, ""},
		{"other flag with value", []string{"permessage-deflate; client_no_context_takeover=10"}, ""},
		{"repeated", []string{"permessage-deflate; client_max_window_bits; client_max_window_bits"}, ""},
		{"unknown parameter", []string{"permessage-deflate; mux"}, ""},
		{"fallback offer", []string{"permessage-deflate; server_max_window_bits=10, permessage-deflate"}, answer},
		{"first of two", []string{"permessage-deflate; server_max_window_bits=15, permessage-deflate"}, answer15},
		{"fallback on the next line", []string{"permessage-deflate; nope", "x-other", "permessage-deflate"}, answer},
		{"other extension first", []string{"x-webkit-deflate-frame, permessage-deflate"}, answer},
		{"quoted value is no token", []string{`foo; a="b,\"c", permessage-deflate`}, answer},
		{"quoted window is no token", []string{`permessage-deflate; client_max_window_bits="1,0"`}, ""},
		{"quoted value is a token", []string{`foo; a="b", permessage-deflate`}, answer},
		{"name as a parameter", []string{"foo; permessage-deflate"}, ""},
		{"name as a value", []string{"foo; a=permessage-deflate"}, ""},
		{"name in quotes", []string{`"permessage-deflate"`}, ""},
		{"name inside quotes", []string{`foo; a=", permessage-deflate, "`}, ""},
		{"longer name", []string{"permessage-deflates, xpermessage-deflate"}, ""},
		{"empty elements", []string{", ,,permessage-deflate,,"}, answer},
		{"no parameter after semicolon", []string{"permessage-deflate;"}, ""},
		{"no value after equals", []string{"permessage-deflate; client_max_window_bits="}, ""},
		{"open quote", []string{`permessage-deflate; client_max_window_bits="10`}, ""},
		{"open escape", []string{`permessage-deflate; client_max_window_bits="10\`}, ""},
		{"two words", []string{"permessage-deflate foo"}, ""},
		{"break after a good offer", []string{"permessage-deflate, (, permessage-deflate"}, answer},
		{"break before a good offer", []string{"(, permessage-deflate"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ws.NegotiateDeflate(tt.offers)
			if got != tt.want || ok != (tt.want != "") {
				t.Fatalf("got %q %t, want %q", got, ok, tt.want)
			}
		})
	}
}

// The answer is legal for at least one of the offers.
func FuzzNegotiateDeflate(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits, foo", "permessage-deflate; server_max_window_bits=15")
	f.Add(`foo; a="b"; permessage-deflate`, "permessage-deflate; server_max_window_bits=9;")
	f.Add(",,permessage-deflate;server_no_context_takeover=", "permessage-deflate;x")
	f.Fuzz(func(t *testing.T, a, b string) {
		lines := []string{a, b}
		got, ok := ws.NegotiateDeflate(lines)
		if !ok {
			if got != "" {
				t.Fatalf("declined with %q", got)
			}
			return
		}
		if got != answer && got != answer15 {
			t.Fatalf("answer %q", got)
		}
		if strings.ContainsAny(a+b, `"\`) {
			return // the oracle does not know quotes
		}
		for _, offer := range naiveOffers(lines) {
			if legalAnswer(offer, got) {
				return
			}
		}
		t.Fatalf("%q answers none of %q", got, lines)
	})
}

// naiveOffers lists the parameters of each offer in headers without quotes, by splitting.
func naiveOffers(lines []string) [][]string {
	var offers [][]string
	for _, line := range lines {
		for offer := range strings.SplitSeq(line, ",") {
			var parts []string
			for part := range strings.SplitSeq(offer, ";") {
				parts = append(parts, strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(part, " ", ""), "\t", "")))
			}
			if parts[0] == "permessage-deflate" {
				offers = append(offers, parts[1:])
			}
		}
	}
	return offers
}

// legalAnswer applies RFC 7692 §7.1 to one offer, given as its parameters.
func legalAnswer(offer []string, got string) bool {
	window := false
	for _, param := range offer {
		name, _, _ := strings.Cut(param, "=")
		switch name {
		case "server_max_window_bits":
			window = param == "server_max_window_bits=15"
			if !window {
				return false
			}
		case "client_max_window_bits", "client_no_context_takeover", "server_no_context_takeover":
		default:
			return false
		}
	}
	return window == strings.Contains(got, "server_max_window_bits")
}
