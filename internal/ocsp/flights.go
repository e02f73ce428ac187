package ocsp

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"
)

// failureHold is how long a failure stands for those who come after it.
const failureHold = time.Second

// errAborted is the result of a flight that panicked.
var errAborted = errors.New("the OCSP request was aborted")

// flights lets those who want the same answer at the same time share one request.
type flights struct {
	mu    sync.Mutex
	under map[string]*flight
}

// flight is one request. Its result is set before done is closed.
type flight struct {
	done     chan struct{}
	response *ocsp.Response
	err      error
}

// do returns what ask returns, or what another ask for the same key is about to. It waits as long as that takes.
func (f *flights) do(key string, ask func() (*ocsp.Response, error)) (*ocsp.Response, error) {
	f.mu.Lock()
	if other, ok := f.under[key]; ok {
		f.mu.Unlock()
		<-other.done
		return other.response, other.err
	}
	own := &flight{done: make(chan struct{}), err: errAborted}
	if f.under == nil {
		f.under = make(map[string]*flight)
	}
	f.under[key] = own
	f.mu.Unlock()
	defer func() {
		close(own.done)
		if own.err == nil {
			f.forget(key)
		} else {
			time.AfterFunc(failureHold, func() { f.forget(key) })
		}
	}()
	own.response, own.err = ask()
	return own.response, own.err
}

func (f *flights) forget(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.under, key)
}
