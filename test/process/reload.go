package process

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

var reloaded = regexp.MustCompile(`(?m)^.*(Reloaded server configuration|Failed to reload server configuration).*$`)

// Reload edits the server's file and asks it to read that. It returns the log line that says how it went.
func (s *Server) Reload(t testing.TB, edit func(string) string) string {
	t.Helper()
	line, err := s.Reread(edit)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// Reread is [Server.Reload] for those who are not a test.
func (s *Server) Reread(edit func(string) string) (string, error) {
	file := filepath.Join(s.Dir, "server.conf")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file, []byte(edit(string(text))), 0o600); err != nil {
		return "", err
	}
	before := len(reloaded.FindAllString(s.log.String(), -1))
	if err := s.Signal(syscall.SIGHUP); err != nil {
		return "", err
	}
	var lines []string
	Await(Patience, func() bool {
		lines = reloaded.FindAllString(s.log.String(), -1)
		return len(lines) > before
	})
	if len(lines) != before+1 {
		return "", fmt.Errorf("%d reloads, want %d:\n%s", len(lines), before+1, s.log)
	}
	return lines[before], nil
}
