package ingest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/bench/suite"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

//go:embed sql/rows.sql
var rowsSQL string

//go:embed sql/contrib.sql
var contribSQL string

//go:embed sql/contrib_minutes.sql
var contribMinutesSQL string

// rowColumns are those that rowsSQL selects; the others take their defaults.
const rowColumns = `ts, vantage, src, src_service, src_version, dst, dst_service, dst_version, proxy, log_name, route, method, protocol,
	cluster, upstream, code, outcome, flags, details, mtls, duration_us, first_byte_us, attempts, request_bytes, response_bytes,
	trace_id, span_id, duration_bin, first_byte_bin`

// rollupRows is how many requests the query is asked about.
const rollupRows = 10_000_000

// rollup measures the question behind most pictures: how many, how failed and
// how fast, by edge and minute, for an hour of 200 edges.
func (p *Place) rollup() suite.Measurement {
	var conn driver.Conn
	from := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	return suite.Measurement{
		Name: "rollup_query", What: "counts and p50/p90/p99 of 200 edges by minute over 10 million requests",
		Figures: []suite.Spec{
			{Name: "rollup_query", Unit: "ms", Target: suite.AtMost(150)},
			{Name: "rollup_query_vs_contrib", Unit: "×", Target: suite.AtLeast(20)},
		},
		Once: func(ctx context.Context) ([]float64, error) {
			if conn == nil {
				var err error
				if conn, err = p.fill(ctx, from); err != nil {
					return nil, err
				}
			}
			began := time.Now()
			rows, err := query.EdgeMinutes(ctx, conn, from, from.Add(time.Hour))
			if err != nil {
				return nil, err
			}
			took := time.Since(began)
			if err := checkMinutes(rows); err != nil {
				return nil, err
			}
			began = time.Now()
			if err := p.exhaust(ctx, conn, contribMinutesSQL); err != nil {
				return nil, err
			}
			return []float64{float64(took.Microseconds()) / 1000, time.Since(began).Seconds() / took.Seconds()}, nil
		},
	}
}

// fill makes the requests in both forms.
func (p *Place) fill(ctx context.Context, from time.Time) (driver.Conn, error) {
	dsn := fmt.Sprintf("unix://%s?database=rollup", p.socket)
	if err := schema.Ensure(ctx, dsn, schema.Options{}); err != nil {
		return nil, err
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := query.OpenWriter(parsed)
	if err != nil {
		return nil, err
	}
	const block = 500_000
	for at := 0; at < rollupRows; at += block {
		sql := strings.NewReplacer(
			"{base}", strconv.FormatInt(from.Unix(), 10), "{rows}", strconv.Itoa(rollupRows),
			"{from}", strconv.Itoa(at), "{count}", strconv.Itoa(block),
		).Replace(rowsSQL)
		if err := conn.Exec(ctx, "INSERT INTO requests_in ("+rowColumns+") "+sql); err != nil {
			return nil, fmt.Errorf("making requests: %w", err)
		}
	}
	// One message makes the exporter create its tables.
	if _, err := p.theirs(ctx, packed(p.corpus.Messages[:1], messageBytes), "typed", 1); err != nil {
		return nil, err
	}
	for _, sql := range []string{contribSQL, "OPTIMIZE TABLE edge_latency_1m FINAL", "OPTIMIZE TABLE contrib.otel_logs FINAL"} {
		if err := conn.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("running %.40q: %w", sql, err)
		}
	}
	return conn, nil
}

// checkMinutes tells whether the answer is about all requests.
func checkMinutes(rows []query.EdgeMinute) error {
	var requests uint64
	for _, r := range rows {
		requests += r.Requests
	}
	if requests != rollupRows {
		return fmt.Errorf("the minutes count %d requests, %d were made", requests, rollupRows)
	}
	return nil
}

// exhaust runs a query and reads its answer.
func (p *Place) exhaust(ctx context.Context, conn driver.Conn, sql string) error {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}
