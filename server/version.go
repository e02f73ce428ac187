package server

// Versions.
const (
	// Version is Weir's own.
	Version = "0.1.0"
	// ReferenceVersion is the nats-server whose behaviour is implemented. Clients compare it to switch features on, so INFO
	// and /varz report it as the version.
	ReferenceVersion = "2.15.2"
	// protocolVersion is 1: INFO may come at any time.
	protocolVersion = 1
	// apiLevel is the level of the JetStream API in INFO. The reference shows it with JetStream off, too.
	apiLevel = 5
)
