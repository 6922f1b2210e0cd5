package target

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
)

// Target is one page to scrape.
type Target struct {
	// URL is http(s)://host:port/path, or unix:///path/of.sock:/path for a page
	// behind a socket. Without a path it is the one at which the source has it.
	URL string `mapstructure:"url"`
	// Source names the mapping: "envoy", "istio".
	// Default: envoy.
	Source string `mapstructure:"source"`
	// Proxy is the node id under which rows are stored.
	// Default: what an Envoy says of itself at /server_info, else host and port.
	Proxy string `mapstructure:"proxy"`
	// Node is the node id of the workload beside the proxy.
	// Default: what an Envoy says of itself, else none.
	Node string `mapstructure:"node"`
	// Labels are seen by the mapping where a series lacks them.
	Labels map[string]string `mapstructure:"labels"`
}

// defaultSource is the mapping of a target that names none.
const defaultSource = "envoy"

// defaultPaths are where sources have their page; elsewhere it is /metrics.
var defaultPaths = map[string]string{"envoy": "/stats/prometheus", "istio": "/stats/prometheus"}

// SourceName returns the source, or the default.
func (t Target) SourceName() string { return cmp.Or(t.Source, defaultSource) }

// Equal tells whether two targets are scraped alike.
func (t Target) Equal(o Target) bool {
	return t.URL == o.URL && t.Source == o.Source && t.Proxy == o.Proxy && t.Node == o.Node && maps.Equal(t.Labels, o.Labels)
}

// Validate checks a target; the error names the field.
func (t Target) Validate() error {
	_, err := t.Address()
	if _, ok := mapping.For(t.SourceName()); !ok {
		err = errors.Join(err, fmt.Errorf("source: %q: want one of %s", t.Source, strings.Join(mapping.Sources(), ", ")))
	}
	return err
}

// Address is where a target's page is.
type Address struct {
	Socket string   // path of a unix socket; "": TCP
	URL    *url.URL // to request; its host means nothing to a socket
}

// Address reads the URL.
func (t Target) Address() (Address, error) {
	address, err := parse(t.URL)
	if err != nil {
		return Address{}, err
	}
	if strings.Trim(address.URL.Path, "/") == "" {
		address.URL.Path = cmp.Or(defaultPaths[t.SourceName()], "/metrics")
	}
	return address, nil
}

func parse(text string) (Address, error) {
	if rest, ok := strings.CutPrefix(text, "unix://"); ok {
		return parseSocket(text, rest)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Address{}, fmt.Errorf("url: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return Address{}, fmt.Errorf("url: %q: want http(s)://host:port/path or unix:///path/of.sock:/path", text)
	case u.User != nil:
		return Address{}, fmt.Errorf("url: %q: names a user; use bearer_token_file or tls", u.Redacted())
	case u.Fragment != "":
		return Address{}, fmt.Errorf("url: %q: has a fragment", text)
	}
	return Address{URL: u}, nil
}

// parseSocket reads "/path/of.sock:/path?query".
func parseSocket(text, rest string) (Address, error) {
	path, page, found := strings.Cut(rest, ":/")
	if !filepath.IsAbs(path) {
		return Address{}, fmt.Errorf("url: %q: the path of a socket must be absolute, as in unix:///run/envoy/admin.sock:/stats/prometheus", text)
	}
	u := &url.URL{Scheme: "http", Host: "localhost"}
	if found {
		ref, err := url.Parse("/" + page)
		if err != nil {
			return Address{}, fmt.Errorf("url: %q: %w", text, err)
		}
		u = u.ResolveReference(ref)
	}
	return Address{Socket: path, URL: u}, nil
}

// Private tells whether nobody else can listen on the way: a socket, TLS, or
// this machine.
func (a Address) Private() bool {
	if a.Socket != "" || a.URL.Scheme == "https" || a.URL.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(a.URL.Hostname())
	return err == nil && ip.IsLoopback()
}

// Name is how the target is told from others where no proxy has a name.
func (a Address) Name() string { return cmp.Or(a.Socket, a.URL.Host) }

// String tells whether two targets are the same page, however they are written.
func (a Address) String() string { return a.Socket + " " + a.URL.String() }
