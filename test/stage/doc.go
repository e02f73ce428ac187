// Package stage lets JavaScript, in Node or in a browser, start, stop and restart servers under test, over HTTP.
//
//	POST   /servers                {"config", "websocket", "secure", "args"} starts a server and answers with a Handle
//	POST   /servers/ID/ACTION      stop, kill, restart, or lame-duck
//	GET    /npm/…                  files of node_modules
//	GET    /bundle/PACKAGE         a CommonJS package of node_modules as one ES module
//	GET    /js/…                   files of the js folder
//	GET    /                       an empty page
//
// All servers of a stage are of one target; they end with the stage.
package stage
