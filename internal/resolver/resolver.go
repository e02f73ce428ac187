package resolver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Resolver has the JWTs of accounts by public key, which callers have checked to be one.
type Resolver interface {
	// Fetch is a JWT; the error may be [ErrNotFound].
	Fetch(name string) (token string, err error)
	// Store keeps a JWT, in place of one that is there; the error may be [ErrReadOnly] or [ErrFull].
	Store(name, token string) error
	// Remove forgets a JWT; it need not be there.
	Remove(name string) error
	// List is the public keys of all that are kept; a web server is not asked.
	List() []string
}

// Env is what a resolver needs of its user.
type Env struct {
	// TLS is for a web server; nil means the usual one.
	TLS *tls.Config
	// Ends is when a JWT runs out; zero for never.
	Ends func(token string) time.Time
}

// Open opens the resolver that c describes; nil for none.
func Open(c Config, env Env) (Resolver, error) {
	switch c.Kind {
	case "":
		return nil, nil
	case Memory:
		return &memory{tokens: map[string]string{}}, nil
	case Web:
		return newWeb(c.URL, env.TLS), nil
	case Full, Cache:
		return openDirectory(c, env.Ends)
	}
	return nil, fmt.Errorf("no resolver is called %q", c.Kind)
}

// Probe reports that nobody is there to be asked.
func Probe(r Resolver) error {
	w, ok := r.(*web)
	if !ok {
		return nil
	}
	_, err := w.Fetch("")
	return err
}

// MaxToken is the largest JWT that is read, in bytes; that of an account with many imports has some 100 KiB.
const MaxToken = 1 << 20

// memory is a resolver for what the configuration preloads.
type memory struct {
	mu     sync.Mutex
	tokens map[string]string
}

func (m *memory) Fetch(name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	token, ok := m.tokens[name]
	if !ok {
		return "", ErrNotFound
	}
	return token, nil
}

func (m *memory) Store(name, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens[name] = token
	return nil
}

func (m *memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, name)
	return nil
}

func (m *memory) List() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.tokens))
}

// maxQuestions is how many questions to a web server are under way at once. Anybody can name an account that is not known.
const maxQuestions = 64

// web asks a server: GET its URL with the public key behind it.
type web struct {
	url    string
	client *http.Client
	under  chan struct{} // as many as are under way
}

func newWeb(base string, secure *tls.Config) *web {
	if !strings.HasSuffix(base, "/") {
		base += "/"
	}
	t := &http.Transport{TLSClientConfig: secure, MaxIdleConns: 10, IdleConnTimeout: FetchTimeout * 15}
	return &web{url: base, client: &http.Client{Transport: t}, under: make(chan struct{}, maxQuestions)}
}

func (w *web) Fetch(name string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), FetchTimeout)
	defer cancel()
	select {
	case w.under <- struct{}{}:
		defer func() { <-w.under }()
	case <-ctx.Done():
		return "", w.failed(name, ctx.Err())
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+name, nil)
	if err != nil {
		return "", w.failed(name, err)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return "", w.failed(name, err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	if response.StatusCode != http.StatusOK {
		return "", w.failed(name, errors.New(response.Status))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxToken+1))
	if err != nil {
		return "", w.failed(name, err)
	}
	return strings.TrimSpace(string(body)), nil
}

// failed is an error with the URL, but for its password.
func (w *web) failed(name string, err error) error {
	shown := "account resolver"
	if u, e := url.Parse(w.url + name); e == nil {
		shown = u.Redacted()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) { // it holds the URL once more
		err = wrapped.Err
	}
	return fmt.Errorf("could not fetch <%q>: %w", shown, err)
}

func (w *web) Store(string, string) error { return ErrReadOnly }
func (w *web) Remove(string) error        { return ErrReadOnly }
func (w *web) List() []string             { return nil }
