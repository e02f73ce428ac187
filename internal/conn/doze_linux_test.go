package conn_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/conn"
	"weir/internal/transport"
	"weir/ws"
)

// dozer is an echo that can park. Its goroutine has ended so many times.
type dozer struct {
	echo
	rests atomic.Int32
}

func (d *dozer) Idle() { d.rests.Add(1) }

// doze starts a trusted WebSocket connection that parks whenever nothing comes; over TLS if there is a config for it.
func doze(t *testing.T, reg *conn.Registry, secure *tls.Config) (*dozer, net.Conn) {
	t.Helper()
	nc, there := tcpPair(t)
	if secure != nil {
		server := transport.ServerTLS(there, secure)
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true}) // who it is does not matter here
		go nc.(*tls.Conn).Handshake()
		if err := server.HandshakeWithin(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		there = server
	}
	d := &dozer{echo: echo{closed: make(chan conn.Reason, 1)}}
	link := transport.NewConn(there)
	link.UpgradeWS(ws.Server, transport.Framing{})
	link.Trust()
	link.Detach()
	d.Init(reg, link, d, "wid")
	reg.Add(&d.Conn)
	go d.Run()
	return d, nc
}

// certified is the TLS of a server that has made its certificate itself.
func certified(t *testing.T) *tls.Config {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}}
}

// Answers to pings keep a parked connection alive and do not start its goroutine, but over TLS; who has more to say is heard,
// and who answers nothing is cut after two pings.
func TestDozingThroughPongs(t *testing.T) {
	const pings = 6
	key := &[4]byte{9, 8, 7, 6}
	pong := ws.AppendControl(nil, ws.OpPong, nil, key)
	hi := append(ws.AppendHeader(nil, true, false, ws.OpBinary, 2, key), "hi"...)
	ws.Mask(hi[len(hi)-2:], *key, 0)
	secure := certified(t)
	for _, row := range []struct {
		name   string
		answer []byte
		echoes bool
		wakes  bool // the goroutine has to come
		secure *tls.Config
		reason conn.Reason
	}{
		{"pong", pong, false, false, nil, conn.ClientClosed},
		{"pong with payload", ws.AppendControl(nil, ws.OpPong, []byte("2"), key), false, true, nil, conn.ClientClosed},
		{"pong and more", append(pong[:len(pong):len(pong)], hi...), true, true, nil, conn.ClientClosed},
		{"nothing", nil, false, false, nil, conn.StaleConnection},
		{"pong over TLS", pong, false, true, secure, conn.ClientClosed},
		{"nothing over TLS", nil, false, false, secure, conn.StaleConnection},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d, nc := doze(t, newRegistry(), row.secure)
			d.StartPings(keep(conn.KeepAlive{Interval: time.Hour, WSInterval: 200 * time.Millisecond}))
			got, echoes := 0, 0
			var rests int32
			wsPeer(t, nc, false, func(ev ws.Event, _ time.Duration) {
				switch ev.Kind {
				case ws.EventData:
					echoes++
				case ws.EventPing:
					if got++; got == pings {
						rests = d.rests.Load()
						nc.Close()
						return
					}
					nc.Write(row.answer)
				}
			})
			if r := <-d.closed; r != row.reason || r == conn.StaleConnection && got != 2 {
				t.Errorf("closed for %q after %d pings", r, got)
			}
			if first := int32(2); rests > first != row.wakes { // the decoder of the handshake takes the first one
				t.Errorf("the goroutine rested %d times", rests)
			}
			if row.echoes && echoes != pings-1 {
				t.Errorf("%d echoes of %d", echoes, pings-1)
			}
		})
	}
}
