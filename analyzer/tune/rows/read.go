package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Limit is how many tries of a window are read at most: about 15 MB of memory,
// and as much again while they are judged.
const Limit = 200_000

// Read reads the rows of an edge. Of more than limit tries the earliest are
// kept; the window of the result then ends after the last of them.
func Read(ctx context.Context, conn driver.Conn, e *typesv1.EdgeRef, w Window, limit int) (verdict.Rows, error) {
	out := verdict.Rows{From: w.From, To: w.To}
	if w.Empty() {
		return out, nil
	}
	if err := readTries(ctx, conn, e, w, limit, &out); err != nil {
		return verdict.Rows{}, fmt.Errorf("reading tries of %s to %s: %w", e.GetSrcService(), e.GetDstService(), err)
	}
	requests, err := readRequests(ctx, conn, e, Window{out.From, out.To})
	if err != nil {
		return verdict.Rows{}, fmt.Errorf("counting requests of %s to %s: %w", e.GetSrcService(), e.GetDstService(), err)
	}
	out.Requests = requests
	return out, nil
}

// callKey is the same for all tries of one request; zero when no id is known.
const callKey = `multiIf(call_id != toFixedString('', 16), cityHash64(call_id), request_id != '', cityHash64(request_id), toUInt64(0))`

func readTries(ctx context.Context, conn driver.Conn, e *typesv1.EdgeRef, w Window, limit int, out *verdict.Rows) error {
	edge, args := edgeWhere(e)
	rows, err := conn.Query(ctx, `SELECT toUnixTimestamp64Micro(ts), duration_us, first_byte_us, `+callKey+`, number, code, toUInt8(toInt8(outcome)), flags
		FROM attempts WHERE `+w.where()+` AND `+edge+`
		ORDER BY ts, call_id, request_id, number LIMIT `+fmt.Sprint(limit+1), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		t, err := scanTry(rows)
		if err != nil {
			return err
		}
		if len(out.Tries) == limit {
			out.Capped, out.To = true, out.Tries[limit-1].End.Add(time.Microsecond)
			break
		}
		out.Tries = append(out.Tries, t)
	}
	return rows.Err()
}

func scanTry(rows driver.Rows) (verdict.Try, error) {
	var t verdict.Try
	var end int64
	var outcome uint8
	var flags uint64
	err := rows.Scan(&end, &t.Duration, &t.FirstByte, &t.Call, &t.Number, &t.Code, &outcome, &flags)
	t.End, t.Outcome, t.Flags = time.UnixMicro(end).UTC(), record.Outcome(outcome), record.Flags(flags)
	return t, err
}

func readRequests(ctx context.Context, conn driver.Conn, e *typesv1.EdgeRef, w Window) (verdict.Requests, error) {
	edge, args := edgeWhere(e)
	var r verdict.Requests
	err := conn.QueryRow(ctx, `SELECT count(), sum(attempts), countIf(outcome = 'timeout')
		FROM requests WHERE vantage = 'client' AND `+w.where()+` AND `+edge, args...).Scan(&r.Total, &r.Attempts, &r.TimedOut)
	return r, err
}
