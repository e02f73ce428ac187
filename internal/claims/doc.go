// Package claims is operator mode: who may come in, and what accounts there are, is said by signed JWTs and not by the
// configuration. Operators vouch for accounts, accounts for users.
//
//	operator (configured) ── signs ──► account (from a resolver) ── signs ──► user (brought by the client, who signs the nonce)
//
// An [Authority] is the [auth.Authority] of that chain. It fetches an account when the first of its users comes, with the
// accounts that it imports from, keeps what it has fetched as immutable tenants, and makes them accounts of the server
// through [Env]. New claims of an account count at once: the clients that are in are held against them again.
//
// A user's claims give its permissions, limits, hours and networks; a scoped signing key gives them from its template instead
// (template.go). Claims that say nothing of permissions leave those of the account.
//
// An account may want its users decided about by a service. Then a user that its claims would let in is a [*Delegated] error,
// for package callout to ask about, and [Authority.Answered] makes who comes in of the answer (callout.go).
//
// Whatever a JWT holds, nothing here panics, and no more than [resolver.MaxToken] bytes of it are read. What a stranger brings is not
// looked at beyond its signature until an account vouches for it.
//
// Where JWTs of accounts are is for package resolver.
//
// Locks: Authority.applying around Authority.mu around nothing. Goroutines: one at a time that
// tells who is in of changes, and those of timers.
package claims
