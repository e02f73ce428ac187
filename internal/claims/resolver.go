package claims

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
)

// Errors of resolvers.
var (
	// ErrNotFound: the resolver has no JWT of the account.
	ErrNotFound = errors.New("account missing")
	// ErrReadOnly: the resolver takes no JWTs.
	ErrReadOnly = errors.New("store operation not supported for URL Resolver")
	// ErrFull: the directory holds as many JWTs as it may.
	ErrFull = errors.New("jwt store is full")
	// ErrName: not the public key of an account.
	ErrName = errors.New("will only fetch valid account keys")
)

// resolver has the JWTs of accounts by public key. It may be used by any number of goroutines.
type resolver interface {
	fetch(name string) (token string, err error)
	store(name, token string) error
	remove(name string) error
	list() []string
}

// openResolver opens the resolver that c describes; nil for none.
func openResolver(c Resolver, secure *tls.Config) (resolver, error) {
	switch c.Kind {
	case "":
		return nil, nil
	case Memory:
		return &memory{tokens: map[string]string{}}, nil
	case Web:
		return newWeb(c.URL, secure), nil
	case Full, Cache:
		return openDirectory(c)
	}
	return nil, fmt.Errorf("no resolver is called %q", c.Kind)
}

// memory is a resolver for what the configuration preloads.
type memory struct {
	mu     sync.Mutex
	tokens map[string]string
}

func (m *memory) fetch(name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	token, ok := m.tokens[name]
	if !ok {
		return "", ErrNotFound
	}
	return token, nil
}

func (m *memory) store(name, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens[name] = token
	return nil
}

func (m *memory) remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, name)
	return nil
}

func (m *memory) list() []string {
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
	t := &http.Transport{TLSClientConfig: secure, MaxIdleConns: 10, IdleConnTimeout: fetchTimeout * 15}
	return &web{url: base, client: &http.Client{Transport: t}, under: make(chan struct{}, maxQuestions)}
}

func (w *web) fetch(name string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
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
	body, err := io.ReadAll(io.LimitReader(response.Body, maxToken+1))
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

func (w *web) store(string, string) error { return ErrReadOnly }
func (w *web) remove(string) error        { return ErrReadOnly }
func (w *web) list() []string             { return nil }
