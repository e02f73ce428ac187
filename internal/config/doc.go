// Package config reads a configuration file into the Config structs of the rooms below.
//
// The language is nats-server's own: its parser is used as a library, so includes, variables, sizes, quoting and the
// many separators mean exactly the same. The keys, their aliases and their defaults are nats-server's too; what is new
// is listed at [WebSocket] (console).
//
// What it is not: it opens no listener, reads no flag and logs nothing. Warnings are lines in [Options].
//
// The way of one configuration:
//
//	file ── Load ──► Options (zero means: not set) ── flags ──► SetDefaults ──► Validate ──► server
//
// Rules:
//   - A key is read, or it is one warning, or it is an error. Only what changes nothing that could be seen is passed over.
//   - Unknown keys are errors, nested ones and those of features that are not built too; a key that a variable reference
//     uses is not unknown.
//   - What is not built and guards access is refused, the rest is switched off with one warning (unbuilt.go).
//   - All errors of a file are reported together, each as file:line:column: text. Columns count from 1, on the first
//     line too, where nats-server counts from 0.
//   - Keys are applied in the order of the file, where nats-server's order is random; those of included files come first.
//   - No error, warning or [Change] shows a password or a token.
//
// The tables (`table`) name every key once, with its aliases, beside the field it sets. No goroutine belongs to this
// room, and an Options is not changed after Validate.
package config
