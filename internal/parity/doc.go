// Package parity shows which of our tests holds what nats-server's own tests of WebSocket hold. It is a test only and
// has nothing to import.
//
// The list of rows is docs/parity.tsv: an id, the reference's test, what it is about, and, for a row without a test of
// ours, why. Reasons are `waits: leaf nodes` and the like, for what is not built; `internal: …` for what can not be seen
// from outside; `better on purpose: …` for what we decided to do differently, and test.
//
// A test says which rows it holds with a line of comment, above itself or above (or behind) one row of its table:
//
//	// parity: 9.1.12 9.4.3
//	func TestClose(t *testing.T) {
//
// In a transcript the line starts with #. Package parity reads the tags of all modules and writes docs/parity.md:
//
//	go test ./internal/parity -update
//
// Its own tests fail when a row has neither a test nor a reason, when it has both, when a tag names no row, and when the
// page is not what the tags make of it.
//
// In the same way docs/advisories.md, which is written by hand, and the lines `advisory: CVE-2022-24450` of tests are kept
// together: what went wrong elsewhere has a test here, or waits for what is not built.
package parity
