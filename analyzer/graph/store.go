package graph

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// readCounts reads the edge counts of a window.
func readCounts(ctx context.Context, conn driver.Conn, segments []Segment, f filter) ([]countRow, error) {
	s := countsSQL(segments, f)
	rows, err := conn.Query(ctx, s.sql, s.args...)
	if err != nil {
		return nil, fmt.Errorf("reading edge counts: %w", err)
	}
	defer rows.Close()
	var out []countRow
	for rows.Next() {
		var r countRow
		var vantage, outcome string
		err := rows.Scan(&r.Src, &r.Dst, &r.SrcService, &r.SrcVersion, &r.DstService, &r.DstVersion,
			&r.Route, &r.Protocol, &vantage, &outcome, &r.Requests, &r.Attempts, &r.MTLSKnown, &r.MTLSMutual,
			&r.RequestBytes, &r.ResponseBytes, &r.First, &r.Last)
		if err != nil {
			return nil, fmt.Errorf("reading edge counts: %w", err)
		}
		r.Vantage = record.Vantage(numberOf(record.VantageNames(), vantage))
		r.Outcome = record.Outcome(numberOf(record.OutcomeNames(), outcome))
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading edge counts: %w", err)
	}
	return out, nil
}

// readLatencies reads the latency histograms of a window.
func readLatencies(ctx context.Context, conn driver.Conn, segments []Segment, f filter) ([]latencyRow, error) {
	s := latencySQL(segments, f)
	rows, err := conn.Query(ctx, s.sql, s.args...)
	if err != nil {
		return nil, fmt.Errorf("reading edge latencies: %w", err)
	}
	defer rows.Close()
	var out []latencyRow
	for rows.Next() {
		var r latencyRow
		var vantage string
		var bins map[int16]uint64
		if err := rows.Scan(&r.Src, &r.Dst, &r.Route, &vantage, &bins); err != nil {
			return nil, fmt.Errorf("reading edge latencies: %w", err)
		}
		r.Vantage = record.Vantage(numberOf(record.VantageNames(), vantage))
		r.Hist = make(histogram, len(bins))
		for bin, n := range bins {
			r.Hist[record.Bin(bin)] = n
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading edge latencies: %w", err)
	}
	return out, nil
}

// numberOf returns the stored number of an enum name; 0, which stands for
// unknown everywhere, for a name of a newer schema.
func numberOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return 0
}
