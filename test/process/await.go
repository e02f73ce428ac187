package process

import "time"

// Await asks until the answer is yes, for what only a look can tell: a file of another process, a counter behind HTTP.
// It returns the last answer when the patience is over.
func Await(patience time.Duration, done func() bool) bool {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			return done()
		}
	}
	return true
}
