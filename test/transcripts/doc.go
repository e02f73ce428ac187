// Package transcripts plays conversations with a server, written down as text files, over every transport.
//
// A script starts with headers and goes on with steps. Lines that start with # and empty lines are comments.
//
//	# A publisher that asked for it sees its messages confirmed.
//	config: max_payload: 1024
//
//	S: INFO {json headers=true max_payload=1024 server_id:string}
//	C: CONNECT {"verbose":true}
//	S: +OK
//	C1: PUB greet 5
//	C1: hello
//	S1: +OK
//
// Headers, each of which may be repeated:
//
//	over: tcp ws deflate   the transports, these three if there is no such line; deflate@weir is for one target
//	over: every            tcp, tls, ws, wss, ws with deflate, and a pipe into a Weir in this process
//	only: weir             the one target this holds for; a comment says why
//	cut: every             play it once for every place at which the client's bytes can be cut in two, too
//	args: --user a         flags of the server
//	config: key: value     a line of its configuration file
//
// Steps. C is connection 1, C2 connection 2; a connection is opened when it is first named.
//
//	C: text     sends the text and CR LF. \r \n \t \xHH \\ are escapes, \c at the end sends no CR LF,
//	            {1024*a} is 1,024 times the letter a. {close} ends the connection properly.
//	S: text     expects exactly this line. {any} is any text, {int} digits, {1024*a} as above,
//	            {json …} an object: key=value, key:type, !key (absent). A PING that is not expected is passed over.
//	            {name=} is any word; further on {=name} is the same, in C lines too.
//	S: {close}  expects the end. {close 1008 text} says what a WebSocket's close frame must hold.
//	S?: text    is a line that nats-server may lose in a race when it closes; Weir must send it.
//	S~: text    is a line that either may send or not.
//	S*: text    is a line of a group that may come in any order: all S* lines that stand together.
//	R: a => b   replaces a by b in the configuration file and lets the server read it again; R!: is a reload that it refuses.
//
// When a script ends, every connection is closed by the client, and what the server still sends must be nothing.
package transcripts
