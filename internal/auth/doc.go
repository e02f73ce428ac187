// Package auth answers one question, once for a CONNECT: may this connection come in, and as whom?
//
// It knows one user with a password, or one token; either secret may be a bcrypt hash. It holds no connection, sends
// nothing and starts no goroutine. No secret leaves it: neither its errors nor its results carry one.
package auth
