// Package callout asks a service in an account who comes in (ADR-26).
//
// A [Caller] is the [auth.Oracle] of policies with an auth_callout block, and through [Caller.Behind] the [auth.Authority] of
// accounts whose claims want it. What it asks is one request, a JWT that the server signs; the answer is a JWT of the service
// with one of the user inside:
//
//	$SYS.REQ.USER.AUTH    authorization_request: server, user_nkey, client_info, connect_opts, client_tls, and weir (docs/auth-callout.md)
//	the reply             authorization_response for that user_nkey and that server: a user JWT, or an error
//
// A key is made for each request, and only an answer that names it counts, once. With a curve key of the service the request is
// encrypted, and the answer may be: then it is from whoever has that key, and need not be signed by the issuer.
//
// The goroutine of the connection that wants in waits, with the small read buffer of a stranger and nothing locked. Where
// nobody listens, the request is made again now and then while there is time: a service that comes back late finds who waits.
//
// It does not decide whether to ask (package auth), and knows no listener. Nothing of what a client sent gets into its errors.
package callout
