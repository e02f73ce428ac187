// Package runfile writes the files by which others find a running server: its process id, and the URLs that it listens on.
//
// Both are nats-server's, in content and name. The room knows nothing of what it names, and starts no goroutine.
package runfile
