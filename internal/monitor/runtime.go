package monitor

import (
	"net/http"
	"os"
	"runtime"
)

// maxStacks bounds /stacksz in bytes: the world stands still while stacks are written.
const maxStacks = 16 << 20

// stacksz shows the stacks of all goroutines, as many as fit.
func stacksz(w http.ResponseWriter, _ *http.Request) {
	const guess = 1 << 10 // of one goroutine
	for size := min(64<<10+runtime.NumGoroutine()*guess, maxStacks); ; size = min(2*size, maxStacks) {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size || size == maxStacks {
			respond(w, http.StatusOK, buf[:n])
			return
		}
	}
}

const debugVars = "/debug/vars"

// processVariables is what package expvar publishes of every Go program.
type processVariables struct {
	CmdLine  []string         `json:"cmdline"` // the program without its arguments: they may hold a password
	MemStats runtime.MemStats `json:"memstats"`
}

func variables(*query) (any, error) {
	v := processVariables{CmdLine: os.Args[:1]}
	runtime.ReadMemStats(&v.MemStats)
	return v, nil
}
