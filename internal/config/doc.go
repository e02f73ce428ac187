// Package config reads a configuration file into the Config structs of the rooms below.
//
// The language is nats-server's own, see package conf. The keys, their aliases and their defaults are nats-server's too;
// what is new is said at [WebSocket], and that there may be several.
//
// What it is not: it opens no listener, reads no flag and logs nothing. Warnings are lines in [Options].
//
// The way of one configuration:
//
//	file ── Load ──► Options (zero means: not set) ── flags ──► SetDefaults ──► Validate ──► server
//
// Rules:
//   - A key is read, or it is one warning, or it is an error. Only what changes nothing that could be seen is passed over.
//   - Unknown keys are errors, nested ones and those of features that are not built too.
//   - What is not built is switched off with one warning (unbuilt.go).
//   - All errors of a file are reported together, each as file:line:column: text.
//   - No error, warning or [Change] shows a password or a token.
//
// No goroutine belongs to this room, and an Options is not changed after Validate.
package config
