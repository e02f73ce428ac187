// Package inflate reads DEFLATE data (RFC 1951) that lies in memory as one message of permessage-deflate (RFC 7692 §7.2.2).
//
// # What it is not
//
// It is no io.Reader: a message is there as a whole, or not yet. It does not compress, and it knows no limits: whoever calls
// Next decides after each piece whether there shall be another one. It owns no goroutine, and no memory but its own.
//
// # Why it is there
//
// Of a compressed message of 1 KiB that nobody wants, nine tenths of the work are inflating it, and a third of that is making
// its code tables. A reader that takes its bytes one by one from an interface, and copies what it made out of its window, takes
// twice as long (BenchmarkMessage). And one that reads a corrupt message with codes of the message before,
// where this one has none, is no reader for bytes of strangers.
//
// # How it works
//
// A word of 64 bits holds what comes next. It is filled, without a branch, to at least 56 bits, which is enough for two
// literals and a length, or for a distance. Both codes are read from a table that is entered by their first bits; its entry
// has all that is to know: bits to take, the value, how many extra bits. Longer codes go on in a second table.
//
// The last bytes of a message, its tail, and zeros behind them stand in an array of their own, so that no step has to
// ask whether a word is there. What was read beyond the end shows in the position, and is not handed on.
//
// # Invariants
//
//   - What a message becomes depends on it, its dictionary and nothing else (TestNothingStaysBehind).
//   - The result is that of compress/flate, errors included (FuzzMessage, TestBits).
//   - A step writes less than slack bytes behind the room that it was promised, and reads less than margin bytes.
//
// A Message belongs to one goroutine at a time.
package inflate
