package ocsp

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Limits of what a responder can make us do. An answer has 500 bytes to 5 KiB.
const (
	maxAnswer      = 64 << 10
	maxAnswerHead  = 16 << 10
	maxRedirects   = 3
	maxResponders  = 8
	maxConnections = 16 // to one host
)

var (
	errUnreachable = errors.New("no OCSP responder has answered")
	errUsurped     = errors.New("the OCSP response is signed by somebody whom the CA has not authorized")
)

// Fetcher asks OCSP responders over HTTP.
type Fetcher struct {
	client *http.Client
}

// NewFetcher returns a Fetcher. transport is for tests; nil is the network, through the proxy that the environment names.
func NewFetcher(transport http.RoundTripper) *Fetcher {
	if transport == nil {
		transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DisableKeepAlives:      true, // the next question is minutes away
			DisableCompression:     true,
			MaxConnsPerHost:        maxConnections,
			MaxResponseHeaderBytes: maxAnswerHead,
		}
	}
	return &Fetcher{&http.Client{Transport: transport, CheckRedirect: followFew}}
}

// followFew stops a responder that sends us round.
func followFew(_ *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// link is a certificate and the one that it was issued with.
type link struct {
	cert, issuer *x509.Certificate
}

// name is for logs: the distinguished name of the certificate.
func (l link) name() string { return l.cert.Subject.ToRDNSequence().String() }

// responders are those that the certificate names and that can be asked.
func (l link) responders() (urls []string) {
	for _, u := range l.cert.OCSPServer {
		if onWeb(u) {
			urls = append(urls, u)
		}
	}
	return urls
}

// parse reads an answer about l. Its signature is by the issuer, or by somebody whom the issuer has certified for just that
// (RFC 6960 §4.2.2.2).
func (l link) parse(raw []byte) (*ocsp.Response, error) {
	r, err := ocsp.ParseResponseForCert(raw, l.cert, l.issuer)
	if err != nil {
		return nil, fmt.Errorf("invalid OCSP response: %w", err)
	}
	if c := r.Certificate; c != nil && !c.Equal(l.issuer) && !signsOCSP(c) {
		return nil, errUsurped
	}
	return r, nil
}

// signsOCSP reports whether c has id-kp-OCSPSigning.
func signsOCSP(c *x509.Certificate) bool {
	for _, usage := range c.ExtKeyUsage {
		if usage == x509.ExtKeyUsageOCSPSigning {
			return true
		}
	}
	return false
}

// how is one way to put a question to a responder (RFC 6960 A.1).
type how func(responder string, question []byte) (*http.Request, error)

func byGet(responder string, question []byte) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, responder+"/"+url.QueryEscape(base64.StdEncoding.EncodeToString(question)), nil)
}

func byPost(responder string, question []byte) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, responder, bytes.NewReader(question))
	if err == nil {
		r.Header.Set("Content-Type", "application/ocsp-request")
	}
	return r, err
}

// fetch asks one responder after the other, each in one way after the other, for the status of l, until accept likes an
// answer. timeout is for one request. If all that was to be had are answers that are not accepted, the error is about the
// last of those; without any answer it is errUnreachable.
func (f *Fetcher) fetch(ctx context.Context, l link, responders []string, ways []how, timeout time.Duration,
	accept func(*ocsp.Response) error) (*ocsp.Response, error) {
	question, err := ocsp.CreateRequest(l.cert, l.issuer, nil)
	if err != nil {
		return nil, err
	}
	var unreachable, unaccepted error
	for _, responder := range responders[:min(len(responders), maxResponders)] {
		raw, err := f.ask(ctx, strings.TrimSuffix(responder, "/"), ways, question, timeout)
		if err != nil {
			unreachable = err
			continue
		}
		r, err := l.parse(raw)
		if err == nil {
			err = accept(r)
		}
		if err == nil {
			return r, nil
		}
		unaccepted = err
	}
	switch {
	case unaccepted != nil:
		return nil, unaccepted
	case unreachable != nil:
		return nil, fmt.Errorf("%w: %w", errUnreachable, unreachable)
	}
	return nil, fmt.Errorf("%w: the certificate names none", errUnreachable)
}

// ask asks one responder.
func (f *Fetcher) ask(ctx context.Context, responder string, ways []how, question []byte, timeout time.Duration) ([]byte, error) {
	var last error
	for _, way := range ways {
		r, err := way(responder, question)
		if err != nil {
			return nil, err
		}
		raw, err := f.do(ctx, r, timeout)
		if err == nil {
			return raw, nil
		}
		last = err
	}
	return nil, last
}

// do sends one request and reads what comes back.
func (f *Fetcher) do(ctx context.Context, r *http.Request, timeout time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r.Header.Set("Accept", "application/ocsp-response")
	answer, err := f.client.Do(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", r.URL.Host, answer.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("%s answers more than %d bytes", r.URL.Host, maxAnswer)
	case len(raw) == 0:
		return nil, fmt.Errorf("%s answers nothing", r.URL.Host)
	}
	return raw, nil
}
