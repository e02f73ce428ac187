package websocket

import (
	"testing"

	"weir/test/process"
)

// TestFailedLogins has one address whose logins fail too often: then not even the right password is looked at, and every
// refusal is delivered. Others come in.
func TestFailedLogins(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		options := trusting(process.Weir, "")
		options.Config = `authorization { user: me, password: right, failed_logins_per_minute: 3 }`
		server := process.Start(t, process.Weir, options)
		login := func(address, password string) *session {
			s := dial(t, server, "X-Forwarded-For: "+address)
			s.send(data(`CONNECT {"verbose":false,"user":"me","pass":"` + password + "\"}\r\nPING\r\n"))
			return s
		}
		const guesser, other = "192.0.2.1", "192.0.2.2"
		login(guesser, "right").want("PONG")
		for range 3 {
			s := login(guesser, "wrong")
			s.want("-ERR 'Authorization Violation'")
			s.wantClose(1008, "Authentication Failure", false)
		}
		s := login(guesser, "right")
		s.want("-ERR 'Authorization Violation'")
		s.wantClose(1008, "Authentication Failure", false)
		login(other, "right").want("PONG")
	})
}
