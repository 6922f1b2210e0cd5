package query

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// DefaultDatabase is the database of a DSN that names none.
const DefaultDatabase = "plimsoll"

const dialTimeout = 10 * time.Second

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// DSN names a database on a ClickHouse HTTP endpoint. Its String leaves the
// password out.
type DSN struct {
	Scheme   string // "unix", "http" or "https"
	Address  string // absolute path of the socket, or host:port
	Database string
	User     string

	password string
}

// ParseDSN reads one of
//
//	unix:///absolute/path.sock?database=name
//	http://[user:password@]host[:8123]?database=name
//	https://[user:password@]host[:8443]?database=name
//
// The database is DefaultDatabase if absent. Anything else is an error, which
// never repeats the password.
func ParseDSN(text string) (DSN, error) {
	u, err := url.Parse(text)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the outer error repeats the text
		}
		return DSN{}, fmt.Errorf("parsing store dsn: %w", err)
	}
	d := DSN{Scheme: u.Scheme, User: u.User.Username()}
	d.password, _ = u.User.Password()
	if d.Address, err = address(u); err != nil {
		return DSN{}, fmt.Errorf("parsing store dsn %s: %w", u.Redacted(), err)
	}
	if d.Database, err = database(u); err != nil {
		return DSN{}, fmt.Errorf("parsing store dsn %s: %w", u.Redacted(), err)
	}
	return d, nil
}

func address(u *url.URL) (string, error) {
	switch u.Scheme {
	case "unix":
		if u.Host != "" || u.User != nil || !filepath.IsAbs(u.Path) {
			return "", errors.New("a socket is written with three slashes and an absolute path, such as unix:///run/plimsoll/clickhouse.sock")
		}
		return u.Path, nil
	case "http", "https":
		return hostPort(u)
	}
	return "", fmt.Errorf("unknown scheme %q: want unix, http or https", u.Scheme)
}

func hostPort(u *url.URL) (string, error) {
	if u.Hostname() == "" {
		return "", errors.New("no host: want " + u.Scheme + "://host:port")
	}
	if strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("unexpected path %q: the database is given as ?database=name", u.Path)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "8123", "https": "8443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

func database(u *url.URL) (string, error) {
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", errors.New("malformed parameters after the question mark")
	}
	name := DefaultDatabase
	for key, values := range params {
		if key != "database" || len(values) != 1 {
			return "", fmt.Errorf("parameter %q: the only one known is database, given once", key)
		}
		name = values[0]
	}
	if !identifier.MatchString(name) {
		return "", fmt.Errorf("database %q: want letters, digits and underscores", name)
	}
	return name, nil
}

// String returns the DSN without its password.
func (d DSN) String() string {
	u := d.Endpoint()
	if d.Scheme == "unix" {
		u = &url.URL{Scheme: "unix", Path: d.Address}
	}
	if d.User != "" {
		u.User = url.UserPassword(d.User, "xxxxx")
	}
	u.RawQuery = "database=" + d.Database
	return u.String()
}

// GoString is String, so that no verb of fmt shows the password.
func (d DSN) GoString() string { return d.String() }

// Credentials returns user and password, both empty if the DSN has none.
func (d DSN) Credentials() (user, password string) { return d.User, d.password }

// Endpoint returns the URL of the HTTP interface without credentials. Over a
// socket its host says nothing: connections are made by Dial.
func (d DSN) Endpoint() *url.URL {
	if d.Scheme == "unix" {
		return &url.URL{Scheme: "http", Host: "localhost", Path: "/"}
	}
	return &url.URL{Scheme: d.Scheme, Host: d.Address, Path: "/"}
}

// Dial connects to the socket or the address.
func (d DSN) Dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	if d.Scheme == "unix" {
		return dialer.DialContext(ctx, "unix", d.Address)
	}
	return dialer.DialContext(ctx, "tcp", d.Address)
}
