package account

import "sync/atomic"

// Traffic is what went through an account: In is what its clients published, Out what was delivered by the subscriptions in it.
// Those of importers are in the exporter's account. SlowConsumers are clients that were closed because they read too slowly.
type Traffic struct{ InMsgs, InBytes, OutMsgs, OutBytes, SlowConsumers int64 }

// traffic is what clients that have left published, and all that was delivered. Every publisher looks at what stands beside it
// in an account; what they all count must not share a cache line with that.
type traffic struct {
	_                                        [64]byte
	inMsgs, inBytes, outMsgs, outBytes, slow atomic.Int64
	_                                        [64]byte
}

// Keep adds to the account's traffic: what a client that leaves has published. Deliveries count by themselves.
func (a *Account) Keep(t Traffic) {
	p := &a.traffic
	p.inMsgs.Add(t.InMsgs)
	p.inBytes.Add(t.InBytes)
	p.outMsgs.Add(t.OutMsgs)
	p.outBytes.Add(t.OutBytes)
	p.slow.Add(t.SlowConsumers)
}

// Kept is the traffic but for what clients that are here have published.
func (a *Account) Kept() Traffic {
	p := &a.traffic
	return Traffic{p.inMsgs.Load(), p.inBytes.Load(), p.outMsgs.Load(), p.outBytes.Load(), p.slow.Load()}
}

// count notes n deliveries in a, of so many bytes together. Those at home are told to the account with the next flush.
func (p *Publisher) count(a *Account, n, bytes int) {
	if p.home != a {
		a.delivered(int64(n), int64(bytes))
		return
	}
	p.sent.msgs += int64(n)
	p.sent.bytes += int64(bytes)
}

// settle tells the account at home what was delivered.
func (p *Publisher) settle() {
	if p.sent.msgs > 0 {
		p.home.delivered(p.sent.msgs, p.sent.bytes)
		p.sent.msgs, p.sent.bytes = 0, 0
	}
}

func (a *Account) delivered(msgs, bytes int64) {
	a.traffic.outMsgs.Add(msgs)
	a.traffic.outBytes.Add(bytes)
}
