// Package callout is a service that decides who comes in, as people write it with nats.go and the JWT library: it gets what a
// server asks and answers what a test wants, right or wrong.
package callout
