// Package auth answers one question, once for a CONNECT: may this connection come in, as whom, and what may it do?
//
// [Compile] makes an immutable [Policy] of a [Config]; a reload makes another one, and who is in already is held against
// it by [Policy.Renew]. A Policy knows a list of users with permissions, one user with a password, and one token; every
// secret may be a bcrypt hash.
//
// In operator mode a Policy asks an [Authority], which reads signed claims and may take its time; see package claims. With a
// [Callout] it asks an [Oracle] about whoever its own users do not settle; see package callout.
//
// Beside a Policy there are [Proxies], the same for all listeners: who came through one of them is known by a signature in
// CONNECT. They let nobody in; a user may need one, and a signature by anybody else keeps everybody out.
//
// It holds no connection, sends nothing and starts no goroutine. No secret leaves it: neither its errors nor its results
// carry one.
package auth
