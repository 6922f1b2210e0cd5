package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Times and bounds of the client.
const (
	dialTimeout   = 10 * time.Second
	answerTimeout = time.Minute // after which a block without answer is sent again
	idleTimeout   = time.Minute
	idleConns     = 16 // kept open; one lane of the sender uses one
	maxAnswer     = 8 << 10
)

// Client sends blocks to a central collector. Its methods may be called from
// many goroutines.
type Client struct {
	endpoint Endpoint
	secret   Secret
	http     *http.Client
}

// NewClient makes a client of the collector at the address (ParseEndpoint). It
// reads the files that the address names, and connects to nothing.
func NewClient(address string) (*Client, error) {
	e, err := ParseEndpoint(address)
	if err != nil {
		return nil, err
	}
	c := &Client{endpoint: e}
	if e.TokenFile != "" {
		if c.secret, err = ReadSecret(e.TokenFile); err != nil {
			return nil, err
		}
	}
	trust, err := e.trust()
	if err != nil {
		return nil, err
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext: e.dial, TLSClientConfig: trust, TLSHandshakeTimeout: dialTimeout,
			MaxIdleConnsPerHost: idleConns, IdleConnTimeout: idleTimeout, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func (e Endpoint) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	network := "tcp"
	if e.Scheme == "unix" {
		network = "unix"
	}
	return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, e.Address)
}

// trust returns the TLS settings, nil for the system's.
func (e Endpoint) trust() (*tls.Config, error) {
	if e.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(e.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates to trust: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the certificates to trust: %s holds none in PEM form", e.CAFile)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// url returns the address of a path. The host of a socket says nothing.
func (e Endpoint) url(path string) string {
	if e.Scheme == "unix" {
		return (&url.URL{Scheme: "http", Host: "localhost", Path: path}).String()
	}
	return (&url.URL{Scheme: e.Scheme, Host: e.Address, Path: path}).String()
}

// ErrOlder is returned by Check when the central collector knows an older schema
// than this program.
var ErrOlder = errors.New("the central collector knows an older schema than this one: upgrade it first")

// Check asks whether the central collector answers and takes blocks of this
// program's schema.
func (c *Client) Check(ctx context.Context) error {
	answer, err := c.do(ctx, http.MethodGet, AboutPath, nil, nil)
	if err != nil {
		return fmt.Errorf("asking the central collector %s: %w", c.endpoint, err)
	}
	var about About
	if err := json.Unmarshal(answer, &about); err != nil {
		return fmt.Errorf("asking the central collector %s: the answer is not that of a relay: %w", c.endpoint, err)
	}
	if about.Schema < schema.Version {
		return fmt.Errorf("asking the central collector %s: schema %d, here %d: %w", c.endpoint, about.Schema, schema.Version, ErrOlder)
	}
	return nil
}

// Post sends the block. It returns nil only if the central collector said that
// the block is durable there, a *Refusal if it said something else, and another
// error if no answer came.
func (c *Client) Post(ctx context.Context, b wal.Block) error {
	h := http.Header{}
	WriteHeader(h, b)
	if _, err := c.do(ctx, http.MethodPost, BlocksPath, h, b.Body); err != nil {
		return fmt.Errorf("relaying a block to %s: %w", c.endpoint, err)
	}
	return nil
}

// Close closes the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// do makes a request and returns the text of its answer, if that is 200.
func (c *Client) do(ctx context.Context, method, path string, h http.Header, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.endpoint.url(path), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range h {
		req.Header[name] = values
	}
	c.secret.write(req.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, cause(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp, text)
	}
	return text, nil
}

func refusal(resp *http.Response, text []byte) *Refusal {
	r := &Refusal{Status: resp.StatusCode, Reason: strings.TrimSpace(string(text))}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.Wait = time.Duration(min(seconds, 60)) * time.Second
	}
	return r
}

// cause takes the request's address off an error.
func cause(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}
