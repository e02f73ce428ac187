package system

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"

	"github.com/klauspost/compress/s2"

	"weir/internal/proto"
)

// encoded is an answer in an encoding that the header of the request accepts, behind a header of so many bytes that names it.
// Who accepts none that is known here gets the answer as it is, and is told.
func encoded(header, body []byte) (answer []byte, headerLen int) {
	accepts := strings.ToLower(string(proto.Get(header, "Accept-Encoding")))
	var packed bytes.Buffer
	var w io.WriteCloser
	name := "identity"
	switch {
	case accepts == "":
		return body, 0
	case strings.Contains(accepts, "snappy"), strings.Contains(accepts, "s2"):
		name, w = "snappy", s2.NewWriter(&packed, s2.WriterSnappyCompat(), s2.WriterConcurrency(1))
	case strings.Contains(accepts, "gzip"):
		name, w = "gzip", gzip.NewWriter(&packed)
	}
	if w != nil {
		w.Write(body) //nolint:errcheck // a buffer takes all
		w.Close()     //nolint:errcheck // likewise
		body = packed.Bytes()
	}
	answer = proto.SetHeader(nil, nil, "Content-Encoding", []byte(name))
	headerLen = len(answer)
	return append(answer, body...), headerLen
}
