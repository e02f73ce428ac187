// Package natsgo drives the servers with nats.go, the stock client for Go, over nats://, tls://, ws:// and wss://, with
// compression and without.
package natsgo
