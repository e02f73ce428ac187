package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"

	"weir/internal/admission"
)

// Guard finds out who comes in through a listener, and whether they may.
type Guard struct {
	// Gate limits strangers; without it nobody is refused.
	Gate *admission.Gate
	// Proxies are the HTTP proxies, asked for anew for each connection. They have no limits of their own at the door: the
	// server behind the guard applies those of their clients, with [Guard.Bind].
	Proxies func() *admission.Proxies
	// ProxyProtocol is who sends PROXY headers; nil is nobody. A peer without a header is waited for, so a listener whose
	// side speaks first needs From, or reads the header itself with [Conn.ReadProxyHeader].
	ProxyProtocol *admission.ProxyProtocol
	// Answer is what a refused peer gets to read; without it nothing.
	Answer func(admission.Refusal) string
	// TLS, if not nil, is that of the peers. Then few of the refused get an answer, since each costs a handshake, and none of
	// those who are refused because of the rate of handshakes.
	TLS func() *tls.Config
	// Refused is told of every connection that ended here: why is a [admission.Refusal], or what is wrong with the PROXY header.
	Refused func(remote string, why error)
}

// How many refused peers at a time get an answer, and how many in a second if that costs a TLS handshake; the others are just
// closed.
const (
	maxAnswering    = 64
	maxAnsweringTLS = 16
)

// Listen puts the guard in front of l. Close l through the result.
func (g *Guard) Listen(l net.Listener) net.Listener {
	most := maxAnswering
	if g.TLS != nil {
		most = maxAnsweringTLS
	}
	if g.TLS == nil && g.ProxyProtocol == nil {
		l = Detached(l)
	}
	d := &door{Listener: l, Guard: *g, answering: make(chan struct{}, most)}
	if g.ProxyProtocol != nil {
		d.ctx, d.cancel = context.WithCancel(context.Background())
		d.known = make(chan arrival)
		go d.pump()
	}
	return d
}

// door is a listener with a guard.
type door struct {
	net.Listener
	Guard

	answering chan struct{} // has an element for each refused peer that is being answered

	// For PROXY headers only, since waiting for one must not keep others waiting.
	ctx    context.Context // ends when the listener is closed
	cancel context.CancelFunc
	known  chan arrival // from pump to Accept
}

// arrival is a result of Accept.
type arrival struct {
	nc  net.Conn
	err error
}

// guarded is a connection that has been let in.
type guarded struct {
	net.Conn
	pass   *admission.Pass
	client *net.TCPAddr // whom a PROXY header named; nil without one
}

// RemoteAddr is the client's address.
func (g *guarded) RemoteAddr() net.Addr {
	if g.client != nil {
		return g.client
	}
	return peerAddr(g.Conn)
}

// CloseWrite is what net/http looks for, so that its last answer is not lost in a reset.
func (g *guarded) CloseWrite() error {
	closeWrite(g.Conn)
	return nil
}

// Close may be called more than once.
func (g *guarded) Close() error {
	g.pass.Leave()
	return g.Conn.Close()
}

// guardedOf finds the guard's layer below nc; nil if there is none.
func guardedOf(nc net.Conn) *guarded {
	if t, ok := nc.(*TLSConn); ok {
		nc = t.inner.Conn
	}
	g, _ := nc.(*guarded)
	return g
}

// unixPeer is how a peer on a Unix socket is written.
const unixPeer = "unix"

// peerAddr is the address at the other end of the socket.
func peerAddr(nc net.Conn) net.Addr {
	a := nc.RemoteAddr()
	if _, ok := a.(*net.UnixAddr); ok {
		return &net.UnixAddr{Net: unixPeer, Name: unixPeer} // clients do not bind their sockets: they have no name
	}
	return a
}

// AddrPort is a as one of TCP; the zero value for a Unix socket.
func AddrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		p := tcp.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

// Bind says that nc, which came in through the guard and then maybe a proxy, is a connection of the client.
func (g *Guard) Bind(nc net.Conn, client netip.Addr) admission.Refusal {
	if in := guardedOf(nc); in != nil && g != nil {
		return in.pass.Bind(g.own(client))
	}
	return admission.Admitted
}

// Charge takes what one more attempt of the client costs, on a connection that is in already.
func (g *Guard) Charge(client netip.Addr) admission.Refusal {
	if g == nil {
		return admission.Admitted
	}
	return g.Gate.Charge(g.own(client))
}

// own is a, or invalid if a is a proxy and so has no limits of its own.
func (g *Guard) own(a netip.Addr) netip.Addr {
	if g.Proxies != nil && g.Proxies().Trusts(a) {
		return netip.Addr{}
	}
	return a
}

func (d *door) Accept() (net.Conn, error) {
	if d.known != nil {
		select {
		case a := <-d.known:
			return a.nc, a.err
		case <-d.ctx.Done():
			return nil, net.ErrClosed
		}
	}
	for {
		nc, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g := d.admit(nc, d.own(AddrPort(nc.RemoteAddr()).Addr())); g != nil {
			return g, nil
		}
	}
}

// pump is the goroutine that accepts where PROXY headers may come.
func (d *door) pump() {
	for d.ctx.Err() == nil {
		nc, err := d.Listener.Accept()
		if err != nil {
			d.deliver(arrival{nil, err})
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		peer := AddrPort(nc.RemoteAddr()).Addr()
		may, must := d.ProxyProtocol.Expects(peer)
		if may {
			if g := d.admit(nc, netip.Addr{}); g != nil {
				go d.introduce(g, must)
			}
		} else if g := d.admit(nc, d.own(peer)); g != nil {
			d.deliver(arrival{g, nil})
		}
	}
}

// deliver hands a to Accept.
func (d *door) deliver(a arrival) {
	select {
	case d.known <- a:
	case <-d.ctx.Done():
		if a.nc != nil {
			a.nc.Close() //nolint:errcheck // nobody will serve it
		}
	}
}

// introduce is the goroutine of a connection whose client is still to be named. There are as many as half-open connections.
func (d *door) introduce(g *guarded, must bool) {
	stop := context.AfterFunc(d.ctx, func() { g.Close() }) //nolint:errcheck // nobody will serve it
	client, own, rest, err := readProxy(d.ProxyProtocol, g.Conn, must)
	if !stop() {
		return
	}
	if err == admission.ErrProxyHeaderSilence && !must {
		err = nil // a silent peer is net/http's to wait for
	}
	if err != nil {
		d.tell(g.RemoteAddr(), err)
		g.Close() //nolint:errcheck // it is refused
		return
	}
	g.Conn = rest
	if client.IsValid() {
		g.client = net.TCPAddrFromAddrPort(client)
	}
	if why := g.pass.Bind(d.own(own)); why != admission.Admitted {
		d.refuse(g, why)
		return
	}
	d.deliver(arrival{g, nil})
}

// admit lets nc in, or refuses it and returns nil.
func (d *door) admit(nc net.Conn, a netip.Addr) *guarded {
	g := &guarded{Conn: nc, pass: new(admission.Pass)}
	if why := d.Gate.Enter(g.pass, a); why != admission.Admitted {
		d.refuse(g, why)
		return nil
	}
	return g
}

// refuse answers and closes g without blocking.
func (d *door) refuse(g *guarded, why admission.Refusal) {
	d.tell(g.RemoteAddr(), why)
	rate := why == admission.HandshakeRate || why == admission.HandshakeRatePerIP
	if d.Answer != nil && !(rate && d.TLS != nil) {
		select {
		case d.answering <- struct{}{}:
			go d.answer(g, why)
			return
		default:
		}
	}
	g.Close() //nolint:errcheck // it is refused
}

// answer is the goroutine of a refused peer.
func (d *door) answer(g *guarded, why admission.Refusal) {
	if d.TLS == nil {
		Dismiss(g, d.Answer(why))
		<-d.answering
		return
	}
	defer time.AfterFunc(time.Second, func() { <-d.answering })
	g.SetDeadline(time.Now().Add(dismissal)) //nolint:errcheck // the handshake tells
	t := ServerTLS(g, d.TLS())
	if t.Handshake() != nil {
		g.Close() //nolint:errcheck // it is refused
		return
	}
	Dismiss(t, d.Answer(why))
}

func (d *door) tell(remote net.Addr, why error) {
	if d.Refused != nil {
		d.Refused(remote.String(), why)
	}
}

func (d *door) Close() error {
	if d.cancel != nil {
		d.cancel()
	}
	return d.Listener.Close()
}

// dismissal is how long a refused peer may take to read its answer.
const dismissal = 500 * time.Millisecond

// Dismiss sends text on a connection that will not be served, and closes it so that the peer gets that text.
func Dismiss(nc net.Conn, text string) {
	nc.SetDeadline(time.Now().Add(dismissal)) //nolint:errcheck // the write tells
	if _, err := nc.Write([]byte(text)); err != nil {
		nc.Close() //nolint:errcheck // it is gone
		return
	}
	c := NewConn(nc)
	c.CloseWrite()
	c.Linger(dismissal)
	c.Close() //nolint:errcheck // nothing is left to do
}
