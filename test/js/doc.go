// Package js runs the tests of the stock JavaScript clients in Node: nats-core and nats.ws over WebSocket, and
// transport-node over TCP. What they must be able to do is written down once, in features.mjs, for Node and for the
// browser (package browser).
package js
