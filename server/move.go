package server

import (
	"fmt"
	"net"

	"weir/internal/listener"
)

// move is an edge whose listener comes, goes, or is opened anew on a socket of its own.
type move struct {
	edge   *edge
	state  *edgeState
	socket net.Listener // nil if the listener goes
	before net.Listener // of an edge, that socket is another descriptor of; nil if it is a socket of its own
}

// planMovesLocked opens the sockets that a new configuration needs. After an error none of them is left open.
func (s *Server) planMovesLocked(states []*edgeState) (moves []move, err error) {
	defer func() {
		if err != nil {
			for _, m := range moves {
				if m.socket != nil {
					m.socket.Close() //nolint:errcheck // it was never used
				}
			}
		}
	}()
	next := make(map[string]*edgeState)
	for _, state := range states {
		next[state.Name] = state
	}
	leaving := s.leavingLocked(next)
	for _, state := range states {
		e := s.edgeLocked(state.Name)
		if e != nil && e.listener != nil && e.standsAtLocked(state) && e.now.Load().sameListener(state) {
			continue
		}
		m := move{edge: e, state: state}
		if m.socket, m.before, err = s.socketForLocked(e, state, leaving); err != nil {
			return moves, fmt.Errorf("can not listen for %s clients: %w", state.Name, err)
		}
		moves = append(moves, m)
	}
	for _, e := range s.edges {
		if next[e.name] == nil && e.listener != nil {
			moves = append(moves, move{edge: e})
		}
	}
	return moves, nil
}

// leavingLocked is the sockets of the listeners that leave their addresses.
func (s *Server) leavingLocked(next map[string]*edgeState) (sockets []net.Listener) {
	for _, e := range s.edges {
		if e.listener == nil {
			continue
		}
		if state := next[e.name]; state == nil || !e.standsAtLocked(state) {
			sockets = append(sockets, e.socket)
		}
	}
	return sockets
}

// standsAtLocked reports whether an open edge listens where the state says, if only by chance, as with port -1 before.
func (e *edge) standsAtLocked(state *edgeState) bool {
	return e.now.Load().Address() == state.Address() || isAt(e.socket, state)
}

// isAt reports whether a socket has the address that the state names.
func isAt(socket net.Listener, state *edgeState) bool {
	if state.Unix != "" {
		return socket.Addr().Network() == "unix" && socket.Addr().String() == state.Unix
	}
	return socket.Addr().String() == state.Address()
}

// sameListener reports whether the listener of one state serves another, at the same address, as it is.
func (s *edgeState) sameListener(next *edgeState) bool {
	return (s.tls == nil) == (next.tls == nil) && s.Proxies.Protocol == next.Proxies.Protocol &&
		s.HandshakeTimeout == next.HandshakeTimeout && s.MaxHeader == next.MaxHeader
}

// socketForLocked is a socket for the new listener of e. At an address that e or a leaving listener has, it is that one's
// once more, so that no connection is refused meanwhile. Beside a leaving one, such as 127.0.0.1 beside all interfaces with
// the same port, it is a new one, and both are open until the moves are made.
func (s *Server) socketForLocked(e *edge, state *edgeState, leaving []net.Listener) (socket, before net.Listener, err error) {
	if e != nil && e.listener != nil && e.standsAtLocked(state) {
		before = e.socket
	}
	for _, l := range leaving {
		if isAt(l, state) {
			before = l
		}
	}
	if before != nil {
		socket, err = listener.Again(before)
	} else {
		socket, err = listener.Beside(state.Address(), leaving)
	}
	return socket, before, err
}

// moveLocked puts the new listener of an edge in place, and closes the old one.
func (s *Server) moveLocked(m move) {
	e := m.edge
	if e == nil {
		e = s.edgeLocked(m.state.Name)
	}
	listener.HandOver(m.before, m.socket)
	old := e.listener
	e.listener = nil
	if old != nil {
		s.retire(old) // who comes from now on is the new one's
	}
	if m.socket != nil {
		s.serveEdgeLocked(e, m.state, m.socket)
	}
}
