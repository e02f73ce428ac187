// Package tlsfile reads the tls blocks of a configuration file, and the certificates that they name, into what crypto/tls wants.
//
// A block is read with its place in the file; its certificates are read when somebody asks, and again at every reload. It
// makes no connection: the OCSP answers that a block asks for are fetched by the server. It starts no goroutine.
package tlsfile
