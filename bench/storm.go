package main

// storm is clients that connect, subscribe, wait for the answer to a PING, and leave.
type storm struct{ via transport }

// stormBatch is how many come before the clock is looked at.
const stormBatch = 200

func (w storm) run(p *process, s scale) ([]measure, error) {
	cpu, err := clocked(p, s, "connection", func() (int, error) {
		clients, err := connectAll(p, w.via, stormBatch, 0, func(i int) string { return "SUB " + idleSubject(i) + " 1\r\n" })
		closeAll(clients)
		return stormBatch, err
	})
	return []measure{cpu}, err
}
