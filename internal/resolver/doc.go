// Package resolver has the JWTs of accounts by their public keys: in memory, on a web server, or in a directory of files (full:
// all accounts there are, cache: those that were needed lately). There are no other servers to ask yet.
//
// It reads its block of a configuration file itself. What a JWT says it does not know, but for its end, and whom to believe even
// less: that is for package claims. A [Resolver] may be used by any number of goroutines; none belongs to the room. What has to
// go of a directory goes when somebody asks it.
package resolver
