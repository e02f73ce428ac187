// Package account is the waist of the house: the subject space of one tenant. A visitor subscribes to it and publishes
// into it, and knows nothing of the others.
//
// An [Account] owns the tree of its subscriptions. A [Sub] is immutable but for its counters. A [Publisher] belongs to one
// connection's goroutine: it holds that reader's match cache and the list of receivers that it owes a flush.
//
// The walk of one message: [Account.Publish] looks the subject up (cache, then tree), makes the shared message if several
// listen (one gets it copied into its queue at once), pushes it to every plain subscription and to one member of each queue
// group, and notes the queues that it found idle. At the end of the chunk [Publisher.Flush] sends those, over all cores when
// there are many.
//
// A message that may wait ([Pub].Later) waits for others to the same subject: a run. [Publisher.EndRun] pushes them together,
// so that each receiver costs one lock and not one for each message. Where the order at a receiver could show it, because
// it listens twice, and for queue groups and imports, nothing waits for a second message.
//
// # Other accounts
//
// A [Directory] knows all accounts; [Directory.Apply] gives them their routes: what they map, export and import. A stream
// import puts shadows of the importer's subscriptions into the exporter's tree, which rename what they deliver and share its
// body. A service import is a subscription in the importer's tree that publishes on in the exporter's account, under a reply
// subject (_R_.…) that leads the answers back; requests that circle stop, and answers that do not come in time are forgotten
// by a timer. What was imported before a change and is so after it, is imported all the while. An account that shares nothing
// pays one atomic load for each message.
//
// Every account may ask the system account about itself (system.go), by service imports that no configuration has to name.
//
// Not here: permissions (decided before Publish and Subscribe), the wire, sockets. The room starts goroutines only inside
// Flush and waits for them there. It holds no lock while it pushes.
package account
