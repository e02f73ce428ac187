// Package service is a subscriber inside the server: it gets messages of accounts as function calls, and answers by publishing.
//
// A [Service] is an account.Subscriber with a queue like any other. Whoever publishes only pushes to that queue: the handlers
// run one after the other in a goroutine of the service, which is there while something waits. What may wait is bounded in bytes;
// a message that comes while more waits is dropped and counted, and who asked hears that nobody listens. So a flood of
// requests costs its publishers what it costs them with any receiver, and the server one goroutine and that many bytes.
//
// What must not be held up by others' requests gets a service of its own.
//
// A panic of a handler ends that call, is counted, and is logged with its stack.
//
// Not here: what is asked and answered. Service.mu guards the handlers, and is held for a map operation.
package service
