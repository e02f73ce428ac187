// Package subject knows what a NATS subject is and who listens to one.
//
// A subject is one or more tokens with a dot between them. A token is never empty. In a subscription the token `*` stands
// for any one token, and the token `>`, which can only be the last, for one or more. A wildcard is a whole token: `foo*`
// and `>>` are literal. In a published subject nothing is a wildcard: a message sent to `foo.*` goes to the subscribers of
// `foo.*` and `foo.>`, not to those of `foo.bar`.
//
//   - [Trie] is the set of (subject, queue group, V). It has no lock. Literal subjects stand in one hash table; only subjects
//     with a wildcard stand in nodes, one per token. So a match costs one hash of the subject and one walk over the
//     wildcards, however many subscriptions there are.
//   - [Tree] is a Trie that any number of goroutines may share: it owns the lock, a generation that every change moves, and
//     the counters of /subsz.
//   - [Transform] makes other subjects of those that match its source.
//   - [Cache] remembers the results of one Tree for one goroutine, without a lock, until the generation moves.
//
// Invariants. A node of a Trie holds a member or leads to one; an empty Trie holds no memory. A [Result] never changes:
// it may share the Trie's own list of members, and the Trie copies a list that is shared before it takes a member out.
//
// Not here: who a subscriber is, permissions, which member of a queue group gets a message. The room starts no goroutine.
package subject
