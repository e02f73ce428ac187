package admission_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"

	"weir/internal/admission"
)

const signature = "\r\n\r\n\x00\r\nQUIT\n"

// v2 makes a header of version 2.
func v2(command, family byte, body string) string {
	size := binary.BigEndian.AppendUint16(nil, uint16(len(body)))
	return signature + string([]byte{0x20 | command, family}) + string(size) + body
}

const (
	body4 = "\xc6\x33\x64\x01\x0a\x00\x00\x01\x1f\x90\x01\xbb" // 198.51.100.1:8080 to 10.0.0.1:443
	body6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x1f\x90\x01\xbb"
	tlv = "\x05\x00\x03abc"
)

var proxyHeaders = []struct {
	name, head string
	want       string // the client; empty for none
	err        error
}{
	{"v1", "PROXY TCP4 198.51.100.1 10.0.0.1 8080 443\r\n", "198.51.100.1:8080", nil},
	{"v1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 8080 443\r\n", "[2001:db8::1]:8080", nil},
	{"v1, mapped", "PROXY TCP6 ::ffff:198.51.100.1 ::1 8080 443\r\n", "198.51.100.1:8080", nil},
	{"v1, unknown", "PROXY UNKNOWN\r\n", "", nil},
	{"v1, unknown and more", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "", nil},
	{"v1, wrong family", "PROXY TCP4 2001:db8::1 2001:db8::2 8080 443\r\n", "", admission.ErrProxyHeaderInvalid},
	{"v1, bad address", "PROXY TCP4 198.51.100 10.0.0.1 8080 443\r\n", "", admission.ErrProxyHeaderInvalid},
	{"v1, bad port", "PROXY TCP4 198.51.100.1 10.0.0.1 8080 65536\r\n", "", admission.ErrProxyHeaderInvalid},
	{"v1, field missing", "PROXY TCP4 198.51.100.1 10.0.0.1 8080\r\n", "", admission.ErrProxyHeaderInvalid},
	{"v1, UDP", "PROXY UDP4 198.51.100.1 10.0.0.1 8080 443\r\n", "", admission.ErrProxyHeaderInvalid},
	{"v1, no CR", "PROXY TCP4 198.51.100.1 10.0.0.1 8080 443\n", "", admission.ErrProxyHeaderInvalid},
	{"v1, too long", "PROXY " + strings.Repeat("x", 101) + "\r\n", "", admission.ErrProxyHeaderTooLong},

	{"v2", v2(1, 0x11, body4), "198.51.100.1:8080", nil},
	{"v2, IPv6", v2(1, 0x21, body6), "[2001:db8::1]:8080", nil},
	{"v2, with values", v2(1, 0x11, body4+tlv), "198.51.100.1:8080", nil},
	{"v2, as large as it gets", v2(1, 0x11, body4+strings.Repeat("x", 4<<10-len(body4))), "198.51.100.1:8080", nil},
	{"v2, too long", v2(1, 0x11, body4+strings.Repeat("x", 4<<10-len(body4)+1)), "", admission.ErrProxyHeaderTooLong},
	{"v2, Unix socket", v2(1, 0x31, strings.Repeat("a\x00", 108)), "", nil},
	{"v2, local", v2(0, 0, ""), "", nil},
	{"v2, local with an address", v2(0, 0x11, body4), "", nil},
	{"v2, unspecified", v2(1, 0, ""), "", nil},
	{"v2, unspecified with values", v2(1, 0, tlv), "", nil},
	{"v2, UDP", v2(1, 0x12, body4), "", admission.ErrProxyHeaderFamily},
	{"v2, too short", v2(1, 0x11, body4[1:]), "", admission.ErrProxyHeaderInvalid},
	{"v2, family unknown", v2(1, 0x41, body4), "", admission.ErrProxyHeaderInvalid},
	{"v2, transport unknown", v2(1, 0x13, body4), "", admission.ErrProxyHeaderInvalid},
	{"v2, command unknown", v2(2, 0x11, body4), "", admission.ErrProxyHeaderInvalid},
	{"v3", strings.Replace(v2(1, 0x11, body4), "\x21", "\x31", 1), "", admission.ErrProxyHeaderInvalid},

	{"nothing of the kind", "GET / HTTP/1.1\r\n", "", admission.ErrProxyHeaderMissing},
	{"nearly v1", "PROXYTCP4 ", "", admission.ErrProxyHeaderMissing},
	{"nearly v2", "\r\n\r\nGET", "", admission.ErrProxyHeaderMissing},
	{"TLS", "\x16\x03\x01", "", admission.ErrProxyHeaderMissing},
}

// sizeOf finds the size of the header that stream begins with, seeing ever more of it.
func sizeOf(stream string) (size int, err error) {
	for n := range len(stream) + 1 {
		if size, err = admission.ProxyHeaderSize([]byte(stream[:n])); size > 0 || err != nil {
			return size, err
		}
	}
	return 0, nil
}

func TestProxyHeaders(t *testing.T) {
	for _, row := range proxyHeaders {
		t.Run(row.name, func(t *testing.T) {
			size, err := sizeOf(row.head + "rest\r\n")
			client := netip.AddrPort{}
			if err == nil {
				if size != len(row.head) {
					t.Fatalf("size %d, want %d", size, len(row.head))
				}
				client, err = admission.ParseProxyHeader([]byte(row.head))
			}
			if !errors.Is(err, row.err) || (err == nil) != (row.err == nil) {
				t.Fatalf("error %v, want %v", err, row.err)
			}
			if client.IsValid() != (row.want != "") || client.IsValid() && client.String() != row.want {
				t.Errorf("client %s, want %s", client, row.want)
			}
		})
	}
}

func TestProxyExpects(t *testing.T) {
	from := proxies(t, "", "10.0.0.0/8")
	listed := &admission.ProxyProtocol{From: func() *admission.Proxies { return from }}
	for _, row := range []struct {
		name      string
		p         *admission.ProxyProtocol
		peer      string
		may, must bool
	}{
		{"off", nil, "10.0.0.1", false, false},
		{"anybody", &admission.ProxyProtocol{}, "198.51.100.1", true, false},
		{"proxy", listed, "10.0.0.1", true, true},
		{"stranger", listed, "198.51.100.1", false, false},
	} {
		if may, must := row.p.Expects(netip.MustParseAddr(row.peer)); may != row.may || must != row.must {
			t.Errorf("%s: may %v, must %v", row.name, may, must)
		}
	}
}

// Any cut of the bytes gives the same size, never more than there may be; what is parsed was a header as a whole, and what
// others write, we parse.
func FuzzProxyHeader(f *testing.F) {
	for _, row := range proxyHeaders {
		f.Add([]byte(row.head), uint16(8080))
	}
	f.Fuzz(func(t *testing.T, stream []byte, port uint16) {
		size, err := sizeOf(string(stream))
		whole, wholeErr := admission.ProxyHeaderSize(stream)
		if size != whole || err != wholeErr {
			t.Fatalf("bit by bit %d, %v; at once %d, %v", size, err, whole, wholeErr)
		}
		if size > 16+4<<10 || err != nil && size != 0 {
			t.Fatalf("size %d, %v", size, err)
		}
		if 0 < size && size <= len(stream) {
			if client, err := admission.ParseProxyHeader(stream[:size]); err != nil && client.IsValid() {
				t.Errorf("%s with %v", client, err)
			}
			if _, err := admission.ParseProxyHeader(append(bytes.Clone(stream[:size]), 'x')); err == nil && stream[13] != 0 {
				t.Error("a byte too many was not noticed")
			}
		}
		var ip [16]byte
		copy(ip[:], stream)
		client := netip.AddrPortFrom(netip.AddrFrom16(ip).Unmap(), port)
		for version := byte(1); version <= 2; version++ {
			head, err := proxyproto.HeaderProxyFromAddrs(version, net.TCPAddrFromAddrPort(client),
				&net.TCPAddr{IP: net.IPv6loopback, Port: 1}).Format()
			if err != nil {
				t.Fatal(err)
			}
			if size, err := sizeOf(string(head) + string(stream)); size != len(head) || err != nil {
				t.Fatalf("size %d of %d, %v", size, len(head), err)
			}
			if got, err := admission.ParseProxyHeader(head); got != client || err != nil {
				t.Errorf("%s, %v; want %s", got, err, client)
			}
		}
	})
}
