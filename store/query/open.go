package query

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// maxExecution bounds a query on the server, so that one that its caller gave
// up cannot go on for ever. A context made by clickhouse.WithSettings may
// change it.
const maxExecution = 30 * time.Second

// Open returns a pool of connections that read from the store that the DSN
// names. Nothing is sent before the first query.
//
// Queries run with readonly=2: they cannot write, but may bring settings of
// their own and external tables. That guards against mistakes, it is no
// boundary against a hostile query.
func Open(dsn string) (driver.Conn, error) {
	d, err := ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	return open(d, clickhouse.Settings{"readonly": 2, "max_execution_time": int(maxExecution / time.Second)})
}

// OpenWriter returns a pool of connections that may change the store, for
// migrations and tests.
func OpenWriter(d DSN) (driver.Conn, error) { return open(d, nil) }

func open(d DSN, settings clickhouse.Settings) (driver.Conn, error) {
	conn, err := clickhouse.Open(options(d, settings))
	if err != nil {
		return nil, fmt.Errorf("opening store %s: %w", d, err)
	}
	return conn, nil
}

func options(d DSN, settings clickhouse.Settings) *clickhouse.Options {
	o := &clickhouse.Options{
		Protocol:      clickhouse.HTTP,
		Addr:          []string{d.Endpoint().Host},
		Auth:          clickhouse.Auth{Database: d.Database, Username: d.User, Password: d.password},
		DialContext:   func(ctx context.Context, _ string) (net.Conn, error) { return d.Dial(ctx) },
		DialTimeout:   dialTimeout,
		Settings:      settings,
		TransportFunc: direct,
	}
	if d.Scheme == "https" {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if d.Scheme != "unix" {
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	return o
}

// direct keeps the proxies that the environment names out of the way.
func direct(t *http.Transport) (http.RoundTripper, error) {
	t.Proxy = nil
	return t, nil
}
