package graph

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// filter keeps edges that touch a namespace and a service, and are among the
// pairs; empty keeps all.
type filter struct {
	namespace, service string
	pairs              []pair // nil: any
}

// statement is SQL with its positional arguments.
type statement struct {
	sql  string
	args []any
}

// countsSQL adds up edge counts over all segments of a window.
func countsSQL(segments []Segment, f filter) statement {
	const keys = "src, dst, src_service, src_version, dst_service, dst_version, route, protocol, vantage, outcome"
	return union(segments, f, keys, countColumns,
		"sum(n_requests), sum(n_attempts), sum(n_mtls_known), sum(n_mtls_mutual), sum(n_request_bytes), sum(n_response_bytes), "+
			"min(n_at), max(n_at)")
}

func countColumns(g Grain) string {
	if g == Raw {
		return `toUInt64(1) AS n_requests, toUInt64(attempts) AS n_attempts,
  toUInt64(mtls != 'unknown') AS n_mtls_known, toUInt64(mtls = 'mtls') AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toUnixTimestamp64Micro(ts) AS n_at
FROM requests WHERE `
	}
	return `requests AS n_requests, attempts AS n_attempts, mtls_known AS n_mtls_known, mtls_mutual AS n_mtls_mutual,
  request_bytes AS n_request_bytes, response_bytes AS n_response_bytes, toInt64(toUnixTimestamp(ts)) * 1000000 AS n_at
FROM edge_counts_` + g.suffix() + ` WHERE `
}

// latencySQL adds up latency bins over all segments of a window: one map from
// bin to count for each edge and vantage.
func latencySQL(segments []Segment, f filter) statement {
	return union(segments, f, "src, dst, route, vantage", latencyColumns, "sumMap(bins)")
}

func latencyColumns(g Grain) string {
	if g == Raw {
		return `map(` + binSQL("duration_us") + `, toUInt64(1)) AS bins
FROM requests WHERE `
	}
	return `CAST(hist, 'Map(Int16, UInt64)') AS bins
FROM edge_latency_` + g.suffix() + ` WHERE kind = 'total' AND `
}

// union selects keys and sums over all segments, each read from the table of
// its grain.
func union(segments []Segment, f filter, keys string, columns func(Grain) string, sums string) statement {
	var parts []string
	var args []any
	condition, values := f.where()
	for _, s := range segments {
		parts = append(parts, "SELECT "+keys+", "+columns(s.Grain)+s.where()+condition)
		args = append(args, values...)
	}
	return statement{
		sql: "SELECT " + keys + ", " + sums + "\nFROM (\n" + strings.Join(parts, "\nUNION ALL\n") +
			"\n)\nGROUP BY " + keys,
		args: args,
	}
}

// suffix names the rollup tables of a grain.
func (g Grain) suffix() string {
	switch g {
	case Hour:
		return "1h"
	case Minute:
		return "1m"
	}
	return "10s"
}

// where selects the rows of the segment. Times are written as integers, which
// no session time zone can shift.
func (s Segment) where() string {
	bound := func(t time.Time) string { return fmt.Sprintf("toDateTime(%d, 'UTC')", t.Unix()) }
	if s.Grain == Raw {
		bound = func(t time.Time) string { return fmt.Sprintf("fromUnixTimestamp64Micro(%d, 'UTC')", t.UnixMicro()) }
	}
	return "ts >= " + bound(s.From) + " AND ts < " + bound(s.To)
}

// namespaceSQL reads the namespace out of a node id.
const namespaceSQL = `splitByChar('/', toString(%[1]s))[if(startsWith(%[1]s, 'unknown/'), 2, 3)] = ?`

func (f filter) where() (string, []any) {
	var sql string
	var args []any
	if f.namespace != "" {
		sql += " AND (" + fmt.Sprintf(namespaceSQL, "src") + " OR " + fmt.Sprintf(namespaceSQL, "dst") + ")"
		args = append(args, f.namespace, f.namespace)
	}
	if f.service != "" {
		sql += " AND (src_service = ? OR dst_service = ?)"
		args = append(args, f.service, f.service)
	}
	if f.pairs != nil {
		places := strings.TrimSuffix(strings.Repeat("(?, ?), ", len(f.pairs)), ", ")
		sql += " AND (src, dst) IN (" + places + ")"
		for _, p := range f.pairs {
			args = append(args, p.Src, p.Dst)
		}
	}
	return sql, args
}

// binSQL is record.BinOf in SQL, for raw rows, which keep the duration itself:
// bins 0 to 100 are single microseconds, then each decade has 90 bins, the
// first of which has the upper edge of 11 units.
func binSQL(us string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "toInt16(multiIf(%[1]s <= 100, toUInt64(%[1]s)", us)
	for unit := uint64(10); ; unit *= 10 {
		first := uint64(record.BinOf(uint32(10*unit + 1)))
		bin := fmt.Sprintf("%d + intDiv(toUInt64(%s) + %d, %d)", first-11, us, unit-1, unit)
		if 100*unit > math.MaxUint32 {
			return b.String() + ", " + bin + "))"
		}
		fmt.Fprintf(&b, ", %s <= %d, %s", us, 100*unit, bin)
	}
}
