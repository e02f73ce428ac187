package account

import "sync/atomic"

// Traffic is what went between an account's clients and the server: In is what they published. SlowConsumers are those of them
// that were closed because they read too slowly.
type Traffic struct{ InMsgs, InBytes, OutMsgs, OutBytes, SlowConsumers int64 }

// Add adds t to the traffic.
func (t *Traffic) Add(o Traffic) {
	t.InMsgs += o.InMsgs
	t.InBytes += o.InBytes
	t.OutMsgs += o.OutMsgs
	t.OutBytes += o.OutBytes
	t.SlowConsumers += o.SlowConsumers
}

// pastTraffic is that of clients that have left.
type pastTraffic struct{ inMsgs, inBytes, outMsgs, outBytes, slow atomic.Int64 }

// Keep adds the traffic of a client that leaves.
func (a *Account) Keep(t Traffic) {
	p := &a.past
	p.inMsgs.Add(t.InMsgs)
	p.inBytes.Add(t.InBytes)
	p.outMsgs.Add(t.OutMsgs)
	p.outBytes.Add(t.OutBytes)
	p.slow.Add(t.SlowConsumers)
}

// Kept is the traffic of all clients that have left.
func (a *Account) Kept() Traffic {
	p := &a.past
	return Traffic{p.inMsgs.Load(), p.inBytes.Load(), p.outMsgs.Load(), p.outBytes.Load(), p.slow.Load()}
}
