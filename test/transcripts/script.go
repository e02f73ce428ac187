package transcripts

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"weir/test/process"
)

// Script is one parsed file.
type Script struct {
	Name   string
	Over   []string
	Only   process.Target
	Cut    bool
	Args   []string
	Config string
	Steps  []Step
}

// Step is one C, S or R line.
type Step struct {
	Line int // 1-based, in the file
	Conn int // 1-based
	Send bool
	// Reload marks R, Refused R!.
	Reload, Refused bool
	// Lossy marks S?, Maybe S~, Group S*.
	Lossy, Maybe, Group bool
	Text                string
}

var reloadLine = regexp.MustCompile(`^R(!?): (.* =>(?: .*)?)$`)

var stepLine = regexp.MustCompile(`^([CS])(\d*)([?~*]?):(?: (.*))?$`)

// Load reads all scripts of a folder.
func Load(dir string) ([]Script, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var scripts []Script
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s, err := Parse(strings.TrimSuffix(filepath.Base(file), ".txt"), string(text))
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, s)
	}
	return scripts, nil
}

// Parse reads the text of one script.
func Parse(name, text string) (Script, error) {
	s := Script{Name: name}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if m := stepLine.FindStringSubmatch(line); m != nil {
			step := Step{Line: i + 1, Conn: 1, Send: m[1] == "C", Text: m[4]}
			step.Lossy, step.Maybe, step.Group = m[3] == "?", m[3] == "~", m[3] == "*"
			if m[2] != "" {
				step.Conn, _ = strconv.Atoi(m[2]) // digits by the pattern
			}
			s.Steps = append(s.Steps, step)
			continue
		}
		if m := reloadLine.FindStringSubmatch(line); m != nil {
			s.Steps = append(s.Steps, Step{Line: i + 1, Reload: true, Refused: m[1] != "", Text: m[2]})
			continue
		}
		if err := s.header(line); err != nil {
			return s, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	if slices.Equal(s.Over, []string{"every"}) {
		s.Over = every(s.Args)
	}
	if len(s.Over) == 0 {
		s.Over = []string{"tcp", "ws", "deflate"}
	}
	return s, nil
}

func (s *Script) header(line string) error {
	key, value, found := strings.Cut(line, ": ")
	if !found || len(s.Steps) > 0 {
		return fmt.Errorf("neither a header nor a step: %q", line)
	}
	switch key {
	case "over":
		s.Over = strings.Fields(value)
	case "only":
		s.Only = process.Target(value)
	case "cut":
		s.Cut = value == "every"
	case "args":
		s.Args = append(s.Args, strings.Fields(value)...)
	case "config":
		s.Config += value + "\n"
	default:
		return fmt.Errorf("no header is called %q", key)
	}
	return nil
}

// transports returns what the script is played over against one target.
func (s *Script) transports(target process.Target) []string {
	var list []string
	for _, over := range s.Over {
		name, only, limited := strings.Cut(over, "@")
		if !limited || process.Target(only) == target {
			list = append(list, name)
		}
	}
	return list
}

var (
	escape = regexp.MustCompile(`\\(x[0-9a-fA-F]{2}|.)`)
	repeat = regexp.MustCompile(`\{(\d+)\*(.)\}`)
)

// unescape replaces escapes and repetitions.
func unescape(text string) string {
	text = repeat.ReplaceAllStringFunc(text, func(token string) string {
		m := repeat.FindStringSubmatch(token)
		n, _ := strconv.Atoi(m[1]) // digits by the pattern
		return strings.Repeat(m[2], n)
	})
	return escape.ReplaceAllStringFunc(text, func(token string) string {
		switch token[1] {
		case 'r':
			return "\r"
		case 'n':
			return "\n"
		case 't':
			return "\t"
		case 'x':
			b, _ := strconv.ParseUint(token[2:], 16, 8) // two hex digits by the pattern
			return string([]byte{byte(b)})
		default:
			return token[1:]
		}
	})
}

// sent returns the bytes of a C line.
func sent(text string) string {
	if rest, found := strings.CutSuffix(text, `\c`); found {
		return unescape(rest)
	}
	return unescape(text) + "\r\n"
}
