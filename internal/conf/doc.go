// Package conf reads a file in nats-server's configuration language into the fields of structs.
//
// The language is nats-server's own: its parser is used as a library, so includes, variables, sizes, quoting and the many
// separators mean exactly the same. A block is read by a [Table], which names every key once, with its aliases, beside the
// field it sets:
//
//	file ── Load, Parse ──► Value ── Read(table) ──► fields
//
// What it is not: it knows no key, no default and no rule about a value beyond its type.
//
// Rules:
//   - Unknown keys are errors; a key that a variable reference uses is not unknown. Keys are matched without regard to case.
//   - All errors of a file are collected in a [Reader], each as file:line:column: text. Columns count from 1, on the first
//     line too, where nats-server counts from 0.
//   - Keys are applied in the order of the file, where nats-server's order is random; those of included files come first.
//   - Whatever the parser does with a text, it ends neither the process nor the goroutine, and no error shows a password or
//     a token.
//
// No goroutine belongs to this room, and a Reader belongs to one goroutine.
package conf
