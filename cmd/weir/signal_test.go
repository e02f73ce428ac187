package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestSignalCommand(t *testing.T) {
	pidFile := write(t, "weir.pid", "77\n")
	several := []int{12, 123, 45}
	tests := []struct {
		spec    string
		running []int
		sent    string // "command pid" of each
		err     string
	}{
		{"reload", []int{12}, "reload 12", ""},
		{"stop", []int{12}, "stop 12", ""},
		{"quit=99", nil, "quit 99", ""},
		{"term=" + pidFile, several, "term 77", ""},
		{"ldm=", []int{12}, "ldm 12", ""},
		{"reopen=*", several, "reopen 12 reopen 123 reopen 45", ""},
		{"reopen=12*", several, "reopen 12 reopen 123", ""},
		{"reload", nil, "", "no weir processes running"},
		{"reload=9*", several, "", "no weir processes running"},
		{"reload", several, "", "multiple weir processes running:\n12\n123\n45"},
		{"hup", []int{12}, "", `unknown signal "hup"`},
		{"", []int{12}, "", `unknown signal ""`},
		{"stop=abc", []int{12}, "", "invalid pid: abc"},
		{"stop=a*", []int{12}, "", "invalid pid: a"},
		// A process id of 0 or below would reach a whole group, or everybody.
		{"stop=0", []int{12}, "", "invalid pid: 0"},
		{"stop=-1", []int{12}, "", "invalid pid: -1"},
		{"stop=-1*", []int{12}, "", "invalid pid: -1"},
		{"stop=1=2", []int{12}, "", "invalid pid: 1=2"},
		{"stop=66", nil, "stop 66", `signal "stop" 66: no such process`},
	}
	for _, tt := range tests {
		var sent []string
		p := &program{
			name: ownName,
			find: func(string) ([]int, error) { return append([]int(nil), tt.running...), nil },
			send: func(pid int, command string) error {
				sent = append(sent, fmt.Sprint(command, " ", pid))
				if pid == 66 {
					return errors.New("no such process")
				}
				return nil
			},
		}
		err := p.signal(tt.spec)
		if got := strings.Join(sent, " "); got != tt.sent {
			t.Errorf("%q: sent %q, want %q", tt.spec, got, tt.sent)
		}
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err)) {
			t.Errorf("%q: error %v, want %q", tt.spec, err, tt.err)
		}
	}
}

func TestSignalWithoutAListOfProcesses(t *testing.T) {
	p := &program{
		name: ownName,
		find: func(string) ([]int, error) { return nil, errors.New("no list") },
		send: func(int, string) error { t.Error("sent"); return nil },
	}
	if err := p.signal("reload"); err == nil || !strings.Contains(err.Error(), "no list") {
		t.Errorf("got %v", err)
	}
}
