package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/test/process"
)

// patience is how long one call of the browser may take. Playwright gives up on its own after 20 s.
const patience = 90 * time.Second

// driver is the Node process with the browser.
type driver struct {
	stdin io.WriteCloser

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	ended   error
}

type call struct {
	ID     int    `json:"id"`
	Page   int    `json:"page"`
	Method string `json:"method"`
	Args   []any  `json:"args"`
}

type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
}

var (
	theDriver = sync.OnceValues(launch)
	launched  *exec.Cmd // for TestMain, which ends it
)

func TestMain(m *testing.M) {
	code := m.Run()
	if launched != nil {
		chromium, _ := theDriver()
		if chromium != nil {
			_ = chromium.stdin.Close() // the driver closes the browser and ends
		}
		_ = launched.Wait()
	}
	process.Exit(code)
}

// chromium returns the path of the browser.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// browser returns the one browser of this run, or leaves the test out.
func browser(t *testing.T) *driver {
	t.Helper()
	process.Node(t)
	if chromium() == "" {
		process.Missing(t, "no chromium in PATH: run setup.sh")
	}
	d, err := theDriver()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func launch() (*driver, error) {
	root, err := process.Root()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("node", filepath.Join(root, "browser", "driver.mjs"))
	cmd.Env = append(os.Environ(), "CHROMIUM="+chromium())
	cmd.Stderr = os.Stderr
	process.Tie(cmd)
	d := &driver{waiting: map[int]chan reply{}}
	if d.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	launched = cmd
	go d.read(stdout)
	return d, nil
}

// read hands the answers out until the process ends.
func (d *driver) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r reply
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			continue // not ours
		}
		d.mu.Lock()
		answer := d.waiting[r.ID]
		delete(d.waiting, r.ID)
		d.mu.Unlock()
		if answer != nil {
			answer <- r
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = errors.New("the browser's driver has ended")
	for _, answer := range d.waiting {
		answer <- reply{Error: d.ended.Error()}
	}
	clear(d.waiting)
}

// call does one call.
func (d *driver) call(page int, method string, args ...any) (json.RawMessage, error) {
	answer := make(chan reply, 1)
	d.mu.Lock()
	if d.ended != nil {
		d.mu.Unlock()
		return nil, d.ended
	}
	d.last++
	id := d.last
	d.waiting[id] = answer
	if args == nil {
		args = []any{}
	}
	line, err := json.Marshal(call{ID: id, Page: page, Method: method, Args: args})
	if err == nil {
		_, err = d.stdin.Write(append(line, '\n'))
	}
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case r := <-answer:
		if r.Error != "" {
			return nil, errors.New(r.Error)
		}
		return r.Result, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("%s has no answer after %v", method, patience)
	}
}

// page is one page of the browser.
type page struct {
	t      *testing.T
	driver *driver
	number int
}

// open opens a page; it is closed with the test.
func open(t *testing.T, url string) *page {
	t.Helper()
	d := browser(t)
	result, err := d.call(0, "open", url)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, driver: d}
	if err := json.Unmarshal(result, &p.number); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = d.call(p.number, "close") })
	return p
}

// do calls a method of playwright's Page.
func (p *page) do(method string, args ...any) {
	p.t.Helper()
	if _, err := p.driver.call(p.number, method, args...); err != nil {
		p.t.Fatalf("%s %v: %v", method, args, err)
	}
}

func (p *page) fill(selector, value string) { p.t.Helper(); p.do("fill", selector, value) }
func (p *page) click(selector string)       { p.t.Helper(); p.do("click", selector) }

// evaluate returns the value of an expression, which may be a promise.
func (p *page) evaluate(expression string, into any) {
	p.t.Helper()
	result, err := p.driver.call(p.number, "evaluate", expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	if err := json.Unmarshal(result, into); err != nil {
		p.t.Fatalf("%s is %s: %v", expression, result, err)
	}
}

// text is the text of an element.
func (p *page) text(selector string) string {
	p.t.Helper()
	result, err := p.driver.call(p.number, "textContent", selector)
	if err != nil {
		p.t.Fatalf("text of %s: %v", selector, err)
	}
	var text string
	if err := json.Unmarshal(result, &text); err != nil {
		p.t.Fatal(err)
	}
	return strings.Join(strings.Fields(text), " ")
}

// wait waits until an element can be seen that has the text in it.
func (p *page) wait(selector, text string) {
	p.t.Helper()
	if _, err := p.driver.call(p.number, "waitForSelector", fmt.Sprintf("%s:has-text(%q)", selector, text)); err != nil {
		p.t.Fatalf("%s never had the text %q, the page is: %s", selector, text, p.text("body"))
	}
}

// faults are the exceptions of the page, and the errors in its log that are not a WebSocket without a server.
func (p *page) faults() []string {
	p.t.Helper()
	result, err := p.driver.call(p.number, "faults")
	if err != nil {
		p.t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(result, &all); err != nil {
		p.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(text string) bool { return strings.Contains(text, "WebSocket connection to") })
}
