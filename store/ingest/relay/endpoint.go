package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
)

// schemePrefix begins the scheme of every address of a central collector.
const schemePrefix = "plimsoll+"

// Is tells whether a store's address is that of a central collector.
func Is(dsn string) bool { return strings.HasPrefix(dsn, schemePrefix) }

// Endpoint is the address of a central collector.
type Endpoint struct {
	Scheme    string // "unix", "http" or "https"
	Address   string // absolute path of the socket, or host:port
	TokenFile string // file of the bearer token; required unless it is a socket
	CAFile    string // certificates to trust instead of the system's; https only
}

// ParseEndpoint reads one of
//
//	plimsoll+unix:///absolute/path.sock
//	plimsoll+http://host:port?token_file=/path                  loopback only
//	plimsoll+https://host:port?token_file=/path[&ca_file=/path]
//
// Anything else is an error, which never repeats a password.
func ParseEndpoint(text string) (Endpoint, error) {
	u, err := url.Parse(text)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the outer error repeats the text
		}
		return Endpoint{}, fmt.Errorf("parsing the address of a central collector: %w", err)
	}
	e := Endpoint{Scheme: strings.TrimPrefix(u.Scheme, schemePrefix)}
	err = e.parse(u)
	if err != nil {
		return Endpoint{}, fmt.Errorf("parsing the address of a central collector %s: %w", u.Redacted(), err)
	}
	return e, nil
}

func (e *Endpoint) parse(u *url.URL) error {
	if u.User != nil {
		return errors.New("a user or password has no place here: name a file with token_file")
	}
	if err := e.parameters(u.RawQuery); err != nil {
		return err
	}
	switch {
	case !Is(u.Scheme + ":"), e.Scheme != "unix" && e.Scheme != "http" && e.Scheme != "https":
		return fmt.Errorf("unknown scheme %q: want plimsoll+unix, plimsoll+http or plimsoll+https", u.Scheme)
	case e.Scheme == "unix":
		return e.socket(u)
	}
	return e.host(u)
}

func (e *Endpoint) socket(u *url.URL) error {
	switch {
	case u.Host != "" || !filepath.IsAbs(u.Path):
		return errors.New("a socket is written with three slashes and an absolute path, such as plimsoll+unix:///run/plimsoll/relay.sock")
	case e.TokenFile != "" || e.CAFile != "":
		return errors.New("a socket takes neither token_file nor ca_file: its permissions say who may send")
	}
	e.Address = u.Path
	return nil
}

func (e *Endpoint) host(u *url.URL) error {
	switch {
	case u.Hostname() == "" || u.Port() == "":
		return fmt.Errorf("want plimsoll+%s://host:port", e.Scheme)
	case strings.Trim(u.Path, "/") != "":
		return fmt.Errorf("unexpected path %q", u.Path)
	case e.TokenFile == "":
		return errors.New("no token_file: the central collector wants a bearer token, name its file with ?token_file=/path")
	case e.Scheme == "http" && e.CAFile != "":
		return errors.New("ca_file needs plimsoll+https")
	case e.Scheme == "http" && !Loopback(u.Hostname()):
		return fmt.Errorf("%s is not this machine, and plimsoll+http is not encrypted: use plimsoll+https", u.Hostname())
	}
	e.Address = net.JoinHostPort(u.Hostname(), u.Port())
	return nil
}

func (e *Endpoint) parameters(query string) error {
	params, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("malformed parameters after the question mark")
	}
	for key, values := range params {
		if len(values) != 1 || !filepath.IsAbs(values[0]) {
			return fmt.Errorf("parameter %q: want one absolute path", key)
		}
		switch key {
		case "token_file":
			e.TokenFile = values[0]
		case "ca_file":
			e.CAFile = values[0]
		default:
			return fmt.Errorf("parameter %q: those known are token_file and ca_file", key)
		}
	}
	return nil
}

// Loopback tells whether a host is this machine for certain: "localhost" or a
// loopback address.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// String returns the address without its parameters.
func (e Endpoint) String() string {
	if e.Scheme == "unix" {
		return schemePrefix + "unix://" + e.Address
	}
	return schemePrefix + e.Scheme + "://" + e.Address
}
