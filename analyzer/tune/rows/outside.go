package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// outsideSpan bounds how many traces are looked at: those of the last minutes
// of the window.
const outsideSpan = 10 * time.Minute

// Outside measures how long the requests of a trace take besides its longest
// call of the edge. The longest row of a trace is its root, whichever service
// that is.
func Outside(ctx context.Context, conn driver.Conn, e *typesv1.EdgeRef, w Window) (verdict.Outside, error) {
	if w.Empty() {
		return verdict.Outside{}, nil
	}
	if from := w.To.Add(-outsideSpan); from.After(w.From) {
		w.From = from
	}
	edge, args := edgeWhere(e)
	mine := "vantage = 'client' AND " + edge
	var p99 int64
	var traces uint64
	err := conn.QueryRow(ctx, `SELECT quantileExact(0.99)(whole - mine), count()
		FROM (
			SELECT toInt64(max(duration_us)) AS whole, toInt64(maxIf(duration_us, `+mine+`)) AS mine
			FROM requests WHERE `+w.where()+` AND trace_id != toFixedString('', 16)
			GROUP BY trace_id HAVING countIf(`+mine+`) > 0
		)`, append(args, args...)...).Scan(&p99, &traces)
	if err != nil {
		return verdict.Outside{}, fmt.Errorf("measuring time outside %s to %s: %w", e.GetSrcService(), e.GetDstService(), err)
	}
	return verdict.Outside{P99: time.Duration(p99) * time.Microsecond, Traces: traces}, nil
}
