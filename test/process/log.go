package process

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Log is what a process writes, line by line, with a way to wait for a line.
type Log struct {
	mu    sync.Mutex
	lines []string
	ended bool
	grown chan struct{} // closed and replaced whenever lines or ended changed
}

func newLog() *Log { return &Log{grown: make(chan struct{})} }

// fill reads until the end of r.
func (l *Log) fill(r io.Reader) {
	reader := bufio.NewReader(r)
	for {
		line, err := reader.ReadString('\n')
		l.mu.Lock()
		if line != "" {
			l.lines = append(l.lines, strings.TrimRight(line, "\n"))
		}
		l.ended = err != nil
		close(l.grown)
		l.grown = make(chan struct{})
		l.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// String returns all lines so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// Wait returns the first line, old or new, in which the pattern is found.
func (l *Log) Wait(pattern string, patience time.Duration) (string, error) {
	match := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	seen := 0
	for {
		l.mu.Lock()
		for ; seen < len(l.lines); seen++ {
			if line := l.lines[seen]; match.MatchString(line) {
				l.mu.Unlock()
				return line, nil
			}
		}
		ended, grown := l.ended, l.grown
		l.mu.Unlock()
		if ended {
			return "", fmt.Errorf("the process ended without %q; it wrote:\n%s", pattern, l)
		}
		select {
		case <-grown:
		case <-deadline:
			return "", fmt.Errorf("no line with %q in %v; it wrote:\n%s", pattern, patience, l)
		}
	}
}
