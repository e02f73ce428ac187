// Package growth is how costs grow with what there is: connections, receivers, bytes, subjects, messages a second. It is
// the file that bench -growth writes, the plots of it, and the rules that it keeps.
//
// A [Sweep] is one workload at several sizes. A file holds sweeps of one machine; a sweep that is measured again takes
// the place of the one before, so that an odd one can be repeated alone.
//
// The rules (laws.go) are looked at in a test, over the committed file: nothing may cost more than in proportion. They are
// about measured figures, but not about a clock in CI.
//
// What it is not: it measures nothing, see package main.
package growth
