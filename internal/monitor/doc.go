// Package monitor is the monitoring pages: /varz, /connz, /subsz, /healthz and the rest, in the JSON shapes of nats-server
// 2.15, so that its dashboards and exporters read them. Over HTTP they are shown by [Pages.At]; what they say can also be had
// as values, for the answers of the system account.
//
// It looks down at the rooms and changes nothing in them. It owns no connection, no listener and no goroutine: a page is
// made in the goroutine of its HTTP request. What the pages need of the server is a [Source].
//
// # Shapes
//
// Keys, their order, their types and what is left out when it is empty are nats-server's, two spaces of indentation
// included; a client decodes them without knowing this server. Its own are one key of /varz, "weir", and the index page.
// Keys of what is not built (feature flags, clusters) are absent, or empty objects where nats-server has
// empty objects. Every method is answered like GET, and a callback parameter is ignored, as nats-server does.
//
// # Where it differs on purpose
//
//   - /connz honours filter_subject, which nats-server reads only from $SYS requests.
//   - /connz of an unknown account is an empty list with the server's id, not null without it.
//   - /accountz shows the weights of mappings as they were configured, not added up.
//   - /connz and /subsz have a total order, so that pages with an offset neither overlap nor miss a row.
//   - A closed connection keeps the number of its subscriptions, not their list: who connects and leaves very often would
//     own memory of ours.
//   - /debug/vars shows the program's name and not its arguments, which may hold a password.
//
// # Invariants
//
// A page is a snapshot: no lock is held while it is sorted, encoded or sent. /connz looks at every connection briefly but
// describes only those of the page, and keeps no more rows than it has to sort. No page shows a secret.
package monitor
