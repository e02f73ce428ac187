package transcripts

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"weir/test/process"
)

// run is one performance of a script.
type run struct {
	script Script
	door   *door
	split  func(*peer, []byte) error
	peers  map[int]*peer
	names  names
}

// play performs a script once. It returns the number of bytes that connection 1 sent.
func play(script Script, d *door, split func(*peer, []byte) error) (int, error) {
	r := &run{script: script, door: d, split: split, peers: map[int]*peer{}, names: names{}}
	defer func() {
		for _, p := range r.peers {
			_ = p.nc.Close() // it is over, one way or the other
		}
	}()
	for i := 0; i < len(script.Steps); {
		n, err := r.step(script.Steps[i:])
		if err != nil {
			return 0, fmt.Errorf("%s.txt:%d: %w", script.Name, script.Steps[i].Line, err)
		}
		i += n
	}
	for id, p := range r.peers {
		if err := p.finish(); err != nil {
			return 0, fmt.Errorf("%s.txt: connection %d at the end: %w", script.Name, id, err)
		}
	}
	if r.peers[1] == nil {
		return 0, errors.New("the script has no connection 1")
	}
	return r.peers[1].written, nil
}

// step performs the first of steps and returns how many it has performed: more than one for a group.
func (r *run) step(steps []Step) (int, error) {
	step := steps[0]
	if step.Reload {
		return 1, r.reload(step)
	}
	p, err := r.peer(step.Conn)
	if err != nil {
		return 0, err
	}
	switch {
	case step.Send && step.Text == "{close}":
		p.hangup()
		return 1, nil
	case step.Send:
		return 1, p.write([]byte(sent(r.names.fill(step.Text))))
	case step.Group:
		return r.group(p, steps)
	}
	if end := parseEnding(step.Text); end != nil {
		return 1, r.expectEnd(p, end, step.Lossy)
	}
	return 1, r.expect(p, step)
}

// reload changes the configuration file and waits until the server has said what it thinks of it.
func (r *run) reload(step Step) error {
	if r.door.server == nil {
		return errors.New("over a pipe there is no process that could be told to read its file")
	}
	before, after, _ := strings.Cut(step.Text, " =>")
	found := false
	line, err := r.door.server.Reread(func(text string) string {
		found = strings.Contains(text, before)
		return strings.Replace(text, before, strings.TrimPrefix(after, " "), 1)
	})
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("the configuration has no %q", before)
	case strings.Contains(line, "Failed to reload") != step.Refused:
		return errors.New(line)
	}
	return nil
}

func (r *run) peer(id int) (*peer, error) {
	if p, ok := r.peers[id]; ok {
		return p, nil
	}
	p, err := r.door.open()
	if err != nil {
		return nil, err
	}
	if id == 1 {
		p.split = r.split
	}
	r.peers[id] = p
	return p, nil
}

// expect reads one line.
func (r *run) expect(p *peer, step Step) error {
	optional := step.Maybe || step.Lossy && r.door.target == process.Stock
	for {
		line, err := p.line()
		if err == io.EOF && optional {
			return nil
		}
		if err != nil {
			return fmt.Errorf("want %s: %w", short(step.Text), err)
		}
		err = r.names.match(step.Text, line)
		switch {
		case err == nil:
			p.take()
			return nil
		case line == "PING":
			p.take() // the server measures the round trip whenever it likes
		case optional:
			return nil
		default:
			return err
		}
	}
}

// group reads as many lines as steps starts with S* steps, in any order.
func (r *run) group(p *peer, steps []Step) (int, error) {
	var open []string
	for _, step := range steps {
		if !step.Group || step.Conn != steps[0].Conn {
			break
		}
		open = append(open, step.Text)
	}
	size := len(open)
	for len(open) > 0 {
		line, err := p.line()
		if err != nil {
			return 0, fmt.Errorf("still want %q: %w", open, err)
		}
		p.take()
		at := slices.Index(open, line) // a line that is meant literally goes before one with wildcards
		if at < 0 {
			at = slices.IndexFunc(open, func(text string) bool { return r.names.match(text, line) == nil })
		}
		if at >= 0 {
			open = slices.Delete(open, at, at+1)
		} else if line != "PING" {
			return 0, fmt.Errorf("got %s, still want %q", short(line), open)
		}
	}
	return size, nil
}

// expectEnd reads to the end of the connection.
func (r *run) expectEnd(p *peer, want *ending, lossy bool) error {
	for {
		line, err := p.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("want the end: %w", err)
		}
		if line != "PING" {
			return fmt.Errorf("want the end, got %s", short(line))
		}
		p.take()
	}
	if want.any || p.ws == nil || lossy && r.door.target == process.Stock {
		return nil
	}
	if p.end.Code != want.code || p.end.Text != want.text {
		return fmt.Errorf("close frame %d %q, want %d %q", p.end.Code, p.end.Text, want.code, want.text)
	}
	return nil
}
