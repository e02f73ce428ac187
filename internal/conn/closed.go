package conn

import (
	"net/netip"
	"time"
)

// closedConn is what is remembered of a connection that is closed, see [records]: as little as its Info can be made of.
type closedConn struct {
	id                                 uint64
	client                             netip.AddrPort
	start, stop, active                instant
	rtt                                time.Duration
	pending                            int64
	inMsgs, inBytes, outMsgs, outBytes int64
	subs                               int32
	reason                             Reason
	*alike
}

// alike is what many connections have in common. Those that close one after the other share it.
type alike struct {
	kind, typ             string
	host                  string // of who has no address
	identity              Identity
	proxy                 string
	tlsVersion, tlsCipher string
	tlsFirst              bool
}

// remember makes a record of c, which closes; last is one of before, nil if there is none.
func (c *Conn) remember(i *Info, end *ending, last *alike) closedConn {
	a := alike{i.Kind, i.Type, "", i.Client, i.Proxy, i.TLSVersion, i.TLSCipher, i.TLSFirst}
	client := c.Link.Client()
	if !client.IsValid() {
		a.host = c.Link.PeerName()
	}
	if last == nil || *last != a {
		other := a // only this one is memory
		last = &other
	}
	return closedConn{
		id: i.ID, client: client, start: c.start, stop: end.at, active: c.active(), rtt: i.RTT, pending: i.Pending,
		inMsgs: i.InMsgs, inBytes: i.InBytes, outMsgs: i.OutMsgs, outBytes: i.OutBytes,
		subs: int32(i.NumSub), reason: end.reason, alike: last,
	}
}

// info is what /connz shows of it.
func (r *Registry) info(c *closedConn) Info {
	i := Info{
		ID: c.id, Kind: c.kind, Type: c.typ, Start: r.wall(c.start), Stop: r.wall(c.stop), Reason: c.reason,
		Active: r.wall(c.active), RTT: c.rtt, Pending: c.pending,
		InMsgs: c.inMsgs, InBytes: c.inBytes, OutMsgs: c.outMsgs, OutBytes: c.outBytes,
		Client: c.identity, Proxy: c.proxy, NumSub: int(c.subs), TLSVersion: c.tlsVersion, TLSCipher: c.tlsCipher,
		TLSFirst: c.tlsFirst,
	}
	i.IP, i.Port = hostOf(c.client, c.host)
	return i
}

// hostOf is host and port of an address; name and 0 if it is none.
func hostOf(a netip.AddrPort, name string) (host string, port int) {
	if !a.IsValid() {
		return name, 0
	}
	return a.Addr().WithZone("").String(), int(a.Port())
}
