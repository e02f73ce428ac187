// Package parking holds sockets for which nobody waits: thousands of connections whose peers are silent, without a goroutine
// and without the half kilobyte that a socket costs in the runtime's poller.
//
// A [Socket] has the descriptor of a connection. Its calls do not block. Parked, it lies in one epoll set, one-shot, and
// the first event, or [Socket.Unpark], tells its [Guest]; that happens once for each [Socket.Park]. Who has to wait, for room in a
// full socket or for input of a socket that nobody serves here, does so in the runtime's poller, under a second descriptor that
// exists meanwhile ([Socket.Wait]).
//
// What a [Listen]er accepts is a [Conn] that was never in the runtime's poller: five system calls less for a connection that nobody waits
// for before [Take] makes a Socket of it. [Take] does that with others as well.
//
// Most events of parked sockets are answers to pings. The guest reads such a one at once and parks again ([Socket.Repark]); the
// second time the socket lies there edge-triggered, and needs no arming from then on. Once somebody serves it, the first event
// that nobody wants takes it out of the set. As long as answers come the set is looked at once a millisecond: a beat of a
// thousand pings wakes one goroutine some ten times, and each answer costs one read.
//
// A conversation ([Socket.Converse]) is for sockets on which something comes all the time: they lie in a second epoll set,
// edge-triggered, and a [Turn] takes what has come to some of them and has one guest after the other read it, on its own
// goroutine. A message then costs one read, one send and its share of one wait: no goroutine is scheduled, no read finds nothing.
//
// Invariants: the descriptor is the same from [Take] to [Socket.Close], and no call uses it afterwards. An event that comes
// late, for who had the descriptor before, wakes its owner for nothing and does no other harm. A socket that is parked has an edge
// or an event ahead of it for whatever is in it: Park has the kernel look, Repark follows a read that found no more, and an edge that
// tells of the end as well does not count as one.
//
// Each set has a first turn, which always waits for its events: for those of parked sockets in the runtime's poller, but between two
// waves of answers by the clock; for those of conversations in a system call, while there are some. Others help, one for each
// processor at most, while there are more than a turn takes at once. A guest that is about to block, or to take long, says so
// ([Turn.Leave]): a new goroutine goes on with the turn, and the old one ends with what it is at.
//
// There is epoll on Linux only; elsewhere the room is empty, and a silent connection keeps its goroutine.
package parking
