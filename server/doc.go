// Package server is a NATS server that can be embedded: it wires the rooms together and has no logic of its own.
//
//	s, err := server.New(options, log)
//	if err != nil { … }
//	if err := s.Start(); err != nil { … }
//	defer s.Shutdown()
//
// Clients may also come in through somebody else's http.Server (Handler), or without a socket (InProcessConn).
//
// It owns the listeners, their accept loops (one goroutine each), and the order in which things start and stop. A port
// that cannot be opened, a certificate that cannot be read: Start returns one error that names it, and nothing is left
// behind. The rooms get an Env or a Source of the few functions that they need; none gets the server.
package server
