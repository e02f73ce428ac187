// Package ocsp asks certificate authorities whether certificates have been revoked (RFC 6960): those of peers, in the
// handshake, and our own, whose answers are stapled to it (RFC 6066 §8).
//
// A [Fetcher] is the one place that speaks HTTP. What it reads is bounded in time and in bytes, and it follows few redirects.
//
// A [Checker] is hung into tls.Config.VerifyConnection. Every link of a verified chain whose certificate names a responder has
// to be good, in one chain at least. Answers are cached, and however many handshakes wait for the same answer, one of them
// asks. That matters: TLS 1.3 shows us a certificate before its owner has proved to be one, so anybody who has seen a
// certificate can make us look it up. A cache that is not off is written to a file in nats-server's format, and read from it.
//
// A [Stapler] keeps the staple of one certificate of ours, in memory and, with a store_dir, in a file.
//
// Goroutines: a Checker has none; answers are fetched in the goroutine of the handshake that needs them, and the cache is
// saved by a timer. A Stapler has the one in which its owner calls Run. Locks: cache.mu, cache.saving before it, flights.mu
// and Stapler.mu; none is held during a fetch.
//
// Not here: chains and their signatures (crypto/x509), listeners, and what a server does when its certificate is revoked.
package ocsp
