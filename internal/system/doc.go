// Package system is what the server itself says and answers in the system account, under subjects that begin with $SYS, as
// nats-server's tools rely on it.
//
//	$SYS.REQ.SERVER.PING[.X], $SYS.REQ.SERVER.ID.X       the monitoring pages and a few commands     requests.go, operate.go
//	$SYS.REQ.ACCOUNT.A.X, $SYS.REQ.USER.A.INFO           the same of one account, and of one user    tenants.go
//	$SYS.DEBUG.SUBSCRIBERS                               how many subscriptions there are to a subject    interest.go
//	$SYS.REQ.CLAIMS.X, $SYS.REQ.ACCOUNT.A.CLAIMS.X       JWTs of accounts, in operator mode          claims.go
//	$SYS.ACCOUNT.A.CONNECT, .DISCONNECT, .SERVER.CONNS   who comes and goes                          events.go, counts.go
//	$SYS.SERVER.ID.STATSZ, .SHUTDOWN, .LAMEDUCK, …       the server                                  heartbeat.go
//
// Clients of other accounts are not in the system account: they reach the few subjects that package account leads there, with
// the names of their accounts in them.
//
// # Cost
//
// Nothing here is on the way of a message. An event is rendered only if somebody listens to its subject, which is looked up
// once. Requests wait in two bounded queues (package service): those that any account may make have one of their own, so that
// they do not hold up an operator. How many clients an account has is told for all accounts that changed at once, and by a
// goroutine that rests four times as long as it worked: it looks at all connections.
//
// # Where it differs on purpose
//
//   - KICK and LDM answer what they cannot read with an error, where nats-server says nothing.
//   - The services that accounts import have one answer, because one server answers.
//   - Subjects for the cases of several servers are not there.
//
// Goroutines: those of the services, one for heartbeats, one for counts while there are any. System.mu guards the accounts that
// changed; it is a leaf.
package system
