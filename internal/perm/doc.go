// Package perm decides what a user may publish and subscribe to. [Compile] makes an immutable [Set] of the allow and deny
// entries of the configuration; a nil Set allows everything. A Set is shared by all connections of a user and has no lock.
//
// The rules, which are nats-server's:
//
//   - Without allow entries everything is allowed; a deny entry always wins.
//   - A subscription is allowed if one allow entry matches all of it: `foo.*` allows `foo.bar` and `foo.*`, not `*.bar`. It
//     does not allow `foo.>` either, which nats-server lets pass and then delivers `foo.bar.baz` too: here a subscription
//     never gets more than what its user may read.
//   - A subscription is denied if a deny entry matches its tokens, its wildcards taken as words: `foo.*` denies `foo.bar`,
//     `foo.*` and `foo.>`, not `>`. What is wider than a deny entry is let in, and each message that the entry matches is
//     held back: [Set.NeedsDeliveryFilter], [Set.CanDeliver].
//   - An entry of two words, `foo workers.*`, is about queue subscriptions to `foo` in a group of a matching name. If such
//     entries match the subject, they alone decide for a queue subscription; a plain subscription does not see them.
//   - With Responses the user may publish nothing but what it is allowed by name, and answer what it is asked: see [Replies].
//     An answer is allowed even where a deny entry forbids it.
//
// Not here: who the user is, the subjects and queue groups that no client may use, error texts for the client.
package perm
