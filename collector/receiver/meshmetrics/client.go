package meshmetrics

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

const maxHeaderBytes = 64 << 10

// client asks one target, over one connection that it keeps: as long as it
// lasts, the same process answers.
type client struct {
	address   target.Address
	tokenFile string
	http      *http.Client
}

func newClient(address target.Address, tlsConfig *tls.Config, tokenFile string) *client {
	transport := &http.Transport{
		MaxIdleConnsPerHost:    1,
		MaxConnsPerHost:        1,
		MaxResponseHeaderBytes: maxHeaderBytes,
		TLSClientConfig:        tlsConfig,
	}
	if address.Socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", address.Socket)
		}
	}
	return &client{
		address:   address,
		tokenFile: tokenFile,
		http: &http.Client{
			Transport: transport,
			// A redirect leads away from who was asked, and the token with it.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// get asks for a path, "" for the target's own, and returns the answer to read
// and close, and whether it comes over a new connection. Any status but 200 is
// an error.
func (c *client) get(ctx context.Context, path, accept string) (resp *http.Response, fresh bool, err error) {
	u := *c.address.URL
	if path != "" {
		u.Path, u.RawPath, u.RawQuery = path, "", ""
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { fresh = !info.Reused },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, false, fmt.Errorf("asking for %s: %w", u.Path, err)
	}
	req.Header.Set("Accept", accept)
	if err := c.authorize(req); err != nil {
		return nil, false, err
	}
	if resp, err = c.http.Do(req); err != nil {
		return nil, false, fmt.Errorf("asking for %s: %w", u.Path, err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, false, fmt.Errorf("asking for %s: %w", u.Path, errStatus(resp.StatusCode))
	}
	return resp, fresh, nil
}

// authorize presents the token, unless the target is a socket: what may open
// that is said by its mode.
func (c *client) authorize(req *http.Request) error {
	if c.tokenFile == "" || c.address.Socket != "" {
		return nil
	}
	text, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return fmt.Errorf("reading bearer_token_file: %w: %w", errToken, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return fmt.Errorf("reading bearer_token_file %s: empty: %w", c.tokenFile, errToken)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// close ends the connection.
func (c *client) close() { c.http.CloseIdleConnections() }
