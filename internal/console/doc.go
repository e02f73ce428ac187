// Package console is the page that a browser gets from the WebSocket listener: subscribe, publish and request by hand,
// and watch a stream of messages.
//
// The page is plain HTML, CSS and JavaScript modules, embedded in the binary as they are written. It loads nothing from
// elsewhere, stores nothing but the choice of a theme, and is a NATS client like any other: what it may do is decided
// by the credentials that are typed into it, never by where it came from.
//
// [Handler] serves
//
//	/             index.html
//	/console.css  the one style sheet
//	/theme.js     sets the chosen theme before the first paint
//	/console.js   connection, subscriptions, publish, request
//	/feed.js      the list of messages, bounded however fast they come
//	/meter.js     rates
//	/payload.js   bytes as text, JSON or hex
//	/dom.js       the few things all of them do with the document
//	/nats.js      the NATS client: parser and connection
//	/icon.svg
//
// and 404 for every other path. Tests find the parts of the page by the ids in index.html.
//
// It is not an upgrade handler: whoever serves the listener looks for an upgrade first and asks this package for plain
// requests only. It starts no goroutine and keeps no state.
package console
