package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// store reads what the gate needs.
type store struct{ conn driver.Conn }

// row is what one vantage counted on one edge of one version in one bucket.
type row struct {
	at         time.Time
	src, dst   string
	vantage    string
	version    string
	bad, total uint64
}

// counts reads failed and all requests to a service.
func (s store) counts(ctx context.Context, service string, from, to time.Time) ([]row, error) {
	return s.rows(ctx, "requests", countsSQL, service, from.Unix(), to.Unix())
}

// slow reads successful requests beyond a bin, and all successful ones.
func (s store) slow(ctx context.Context, service string, beyond record.Bin, from, to time.Time) ([]row, error) {
	return s.rows(ctx, "latencies", slowSQL, int16(beyond), service, from.Unix(), to.Unix())
}

func (s store) rows(ctx context.Context, what, sql string, args ...any) ([]row, error) {
	return list(ctx, s.conn, what, sql, func(rows driver.Rows) (r row, err error) {
		err = rows.Scan(&r.at, &r.src, &r.dst, &r.vantage, &r.version, &r.bad, &r.total)
		return r, err
	}, args...)
}

// past is the histogram of one edge in one vantage.
type past struct {
	src, dst, vantage string
	bins              map[int16]uint64
}

// history reads the durations of a version's successful requests.
func (s store) history(ctx context.Context, service, version string, from, to time.Time) ([]past, error) {
	return list(ctx, s.conn, "past latencies", historySQL, func(rows driver.Rows) (p past, err error) {
		err = rows.Scan(&p.src, &p.dst, &p.vantage, &p.bins)
		return p, err
	}, version, service, from.Unix(), to.Unix())
}

// seen reads the buckets in which a version took requests, in order.
func (s store) seen(ctx context.Context, service, version string, from, to time.Time) ([]time.Time, error) {
	return list(ctx, s.conn, "when a version took requests", seenSQL, func(rows driver.Rows) (t time.Time, err error) {
		err = rows.Scan(&t)
		return t, err
	}, service, version, from.Unix(), to.Unix())
}

// services lists the services that took requests, by name.
func (s store) services(ctx context.Context, since time.Time) ([]string, error) {
	return list(ctx, s.conn, "services", servicesSQL, func(rows driver.Rows) (name string, err error) {
		err = rows.Scan(&name)
		return name, err
	}, since.Unix())
}

func list[T any](ctx context.Context, conn driver.Conn, what, sql string, scan func(driver.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", what, err)
		}
		out = append(out, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return out, nil
}
