package account

import (
	"bufio"
	"bytes"
	"net/http"
	"net/textproto"
	"strings"
)

// Headers of traces, as textproto spells them: of Jaeger, of Zipkin in its long and its short form, of W3C.
const (
	jaegerTrace   = "Uber-Trace-Id"
	jaegerBaggage = "Uberctx-"
	zipkinSampled = "X-B3-Sampled"
	zipkinTrace   = "X-B3-Traceid"
	zipkinShort   = "B3"
	w3cTrace      = "Traceparent"
)

// traced is the trace headers of a request that ask for a sample; nil if there are none. Like the reference it reads them as
// MIME, in any case.
func traced(header []byte) http.Header {
	if len(header) == 0 {
		return nil
	}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(header)))
	r.ReadLine() //nolint:errcheck // the version; what follows says whether there is more
	mime, err := r.ReadMIMEHeader()
	if err != nil {
		return nil
	}
	h := http.Header(mime)
	_, zipkin := h[zipkinTrace]
	switch sampled := h.Get(zipkinSampled); {
	case len(h[jaegerTrace]) > 0:
		return jaeger(h)
	case sampled == "1", zipkin && sampled != "0":
		return pick(h, zipkinTrace, "X-B3-Spanid", "X-B3-Parentspanid", zipkinSampled)
	case sampled == "0":
		return nil
	case len(h[zipkinShort]) > 0:
		parts := strings.Split(h[zipkinShort][0], "-")
		if parts[0] == "0" && len(parts) == 1 || len(parts) > 2 && parts[2] == "0" {
			return nil
		}
		return pick(h, zipkinShort)
	case len(h[w3cTrace]) > 0:
		parts := strings.Split(h[w3cTrace][0], "-")
		if len(parts) != 4 || len(parts[3]) != 2 || parts[3][0] < '0' || parts[3][0] > '7' || !odd(parts[3][1]) {
			return nil // flags from 80 on are not read, as in the reference
		}
		return pick(h, w3cTrace, "Tracestate")
	}
	return nil
}

// jaeger is the headers of a trace of Jaeger with what it carries along, if its flags ask for a sample.
func jaeger(h http.Header) http.Header {
	parts := strings.Split(h[jaegerTrace][0], ":")
	if len(parts) != 4 || len(parts[3]) == 0 || len(parts[3]) > 2 || !odd(parts[3][len(parts[3])-1]) {
		return nil
	}
	found := pick(h, jaegerTrace)
	for key, values := range h {
		if strings.HasPrefix(key, jaegerBaggage) {
			found[key] = values
		}
	}
	return found
}

// pick is those of the headers that are there.
func pick(h http.Header, keys ...string) http.Header {
	found := http.Header{}
	for _, key := range keys {
		if values, ok := h[key]; ok {
			found[key] = values
		}
	}
	return found
}

// odd reports whether the lowest bit of a hexadecimal digit is set.
func odd(digit byte) bool { return strings.IndexByte("13579bBdDfF", digit) >= 0 }
