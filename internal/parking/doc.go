// Package parking holds sockets for which nobody waits: thousands of connections whose peers are silent, without a goroutine
// and without the half kilobyte that a socket costs in the runtime's poller.
//
// A [Socket] takes over the descriptor of a net.Conn. Its calls do not block. Parked, it lies in one epoll set, one-shot, and
// the first event, or [Socket.Unpark], tells its [Guest]; that happens once for each [Socket.Park]. Who has to wait, for input
// in a conversation or for room in a full socket, does so in the runtime's poller, under a second descriptor that exists
// meanwhile ([Socket.Wait]).
//
// Invariants: the descriptor is the same from [Take] to [Socket.Close], and no call uses it afterwards. An event that comes
// late, for who had the descriptor before, wakes its owner for nothing and does no other harm.
//
// One goroutine takes the events of the set, which the runtime's poller watches. It never ends and must not be blocked.
// There is epoll on Linux only; elsewhere the room is empty, and a silent connection keeps its goroutine.
package parking
