package benchmark

// Report is what a load came to. Its JSON is for other programs: fields are added, and not taken away or renamed.
type Report struct {
	Command Command `json:"command"`
	// Server is its URL, without user and password; the rest is what it said of itself.
	Server        string `json:"server"`
	ServerName    string `json:"server_name"`
	ServerVersion string `json:"server_version"`
	Weir          string `json:"weir,omitempty"` // Weir's own version, if it is one
	Compressed    bool   `json:"compressed"`
	Subject       string `json:"subject"`
	Size          int    `json:"size"` // bytes of a message that we send
	// Interrupted says that somebody ended it early, Error what did.
	Interrupted bool     `json:"interrupted,omitempty"`
	Error       string   `json:"error,omitempty"`
	Results     []Result `json:"results"`
}

// Result is one run. Rates are 0 where there was no time to measure.
type Result struct {
	// Clients is the number of Config.Clients that the run had.
	Clients    int `json:"clients"`
	Publishers int `json:"publishers,omitempty"`
	Responders int `json:"responders,omitempty"`

	// Published is the messages that were sent: of pub, fanout and request. Messages is those that the figures are about:
	// sent by pub, received by sub, delivered by fanout, answered of request. Bytes is what they hold.
	Published         int64   `json:"published"`
	Messages          int64   `json:"messages"`
	Bytes             int64   `json:"bytes"`
	Seconds           float64 `json:"seconds"`
	MessagesPerSecond float64 `json:"messages_per_second"`
	BytesPerSecond    float64 `json:"bytes_per_second"`
	// Unanswered is the requests whose answer did not come in time.
	Unanswered int64 `json:"unanswered,omitempty"`

	// StreamSent and StreamReceived are the bytes of all connections with their protocols, compressed if they are, as they
	// are before TLS.
	StreamSent     int64 `json:"stream_bytes_sent"`
	StreamReceived int64 `json:"stream_bytes_received"`

	// Latency is that of each delivery (fanout) or answer (request), LastDelivery that of the last delivery of each message.
	Latency      *Summary `json:"latency_us,omitempty"`
	LastDelivery *Summary `json:"last_delivery_us,omitempty"`

	// Setup is how long connections took, ConnectionsPerSecond how fast they were made, with several under way.
	Setup                *Summary `json:"setup_us,omitempty"`
	ConnectionsPerSecond float64  `json:"connections_per_second"`
	Connections          int64    `json:"connections"`

	Idle *Held `json:"idle,omitempty"`
}

// measured reports whether a run that failed has anything to tell.
func (r *Result) measured() bool { return r.Messages > 0 || r.Idle != nil }

// Held is what became of idle connections.
type Held struct {
	// Failed is the connections that could not be made, FirstFailure why one of them could not.
	Failed       int64  `json:"connect_failures"`
	FirstFailure string `json:"first_connect_failure,omitempty"`
	// Lost is those that ended before their time, FirstLoss why one of them did.
	Lost      int64  `json:"lost"`
	FirstLoss string `json:"first_loss,omitempty"`
	// Pings is the PINGs of NATS and of WebSocket that were answered.
	Pings int64 `json:"pings_answered"`
	// KeptMin and KeptAvg are seconds from a connection's setup to its loss or the end of the run.
	KeptMin float64 `json:"kept_seconds_min"`
	KeptAvg float64 `json:"kept_seconds_avg"`
}

// Progress is how far a run is.
type Progress struct {
	Clients int    // of this run
	Phase   string // what is being done, as in "connecting"
	Done    int64
	Total   int64 // 0 if there is no end to it
	// Elapsed is the seconds since the phase began.
	Elapsed float64
	// Lost is idle connections that ended.
	Lost int64
}

// Rate is how much is done in a second, in this phase so far.
func (p Progress) Rate() float64 { return perSecond(p.Done, p.Elapsed) }

func perSecond(n int64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}
