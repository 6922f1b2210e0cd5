package observe

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"google.golang.org/protobuf/types/known/timestamppb"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// store reads rows.
type store struct{ conn driver.Conn }

// landed is a row and the block that brought it.
type landed struct {
	block string // hex
	*observev1.RequestRow
}

const (
	between = "ts >= fromUnixTimestamp64Micro(?, 'UTC') AND ts < fromUnixTimestamp64Micro(?, 'UTC')"

	requestColumns = `ts, toString(vantage), src, src_service, src_version, dst, dst_service, dst_version, proxy, route, method,
	protocol, cluster, upstream, code, grpc_status, toString(outcome), flags, details, toString(mtls), duration_us, first_byte_us,
	attempts, attempt, request_bytes, response_bytes, hex(call_id), request_id, hex(trace_id), hex(span_id), hex(block_id)`

	// oneCall is a number that all rows of a call share, for samples.
	oneCall = `multiIf(call_id != toFixedString('', 16), sipHash64(call_id), trace_id != toFixedString('', 16), sipHash64(trace_id),
	sipHash64(request_id, ts, proxy))`
)

// blocks lists the blocks with rows in [from, to), split at a frontier.
func (s store) blocks(ctx context.Context, c condition, from, frontier, to time.Time) ([]block, error) {
	args := append([]any{frontier.UnixMicro(), frontier.UnixMicro(), from.UnixMicro(), to.UnixMicro()}, c.args...)
	return list(ctx, s.conn, "blocks", `SELECT hex(block_id), countIf(ts < fromUnixTimestamp64Micro(?, 'UTC')),
	countIf(ts >= fromUnixTimestamp64Micro(?, 'UTC')) FROM requests WHERE `+between+c.sql+" GROUP BY block_id",
		func(rows driver.Rows) (b block, err error) {
			err = rows.Scan(&b.id, &b.before, &b.after)
			return b, err
		}, args...)
}

// last reads the newest rows of [from, to), at most n, in order.
func (s store) last(ctx context.Context, c condition, from, to time.Time, n int) ([]landed, error) {
	return s.requests(ctx, c, from, to, "ts DESC, block_id, proxy", n)
}

// sample reads rows of [from, to), all or those of n rows' worth of calls.
func (s store) sample(ctx context.Context, c condition, from, to time.Time, n int) ([]landed, error) {
	return s.requests(ctx, c, from, to, oneCall, n)
}

func (s store) requests(ctx context.Context, c condition, from, to time.Time, order string, n int) ([]landed, error) {
	sql := fmt.Sprintf("SELECT * FROM (SELECT %s FROM requests WHERE %s%s ORDER BY %s LIMIT %d) ORDER BY 1, 31, 9", requestColumns, between, c.sql, order, n)
	return list(ctx, s.conn, "requests", sql, scanRequest, append([]any{from.UnixMicro(), to.UnixMicro()}, c.args...)...)
}

func scanRequest(rows driver.Rows) (l landed, err error) {
	r := &observev1.RequestRow{Source: "als"}
	var at time.Time
	var code uint16
	var grpc int8
	var flags uint64
	var attempts, attempt uint8
	err = rows.Scan(&at, &r.Vantage, &r.Src, &r.SrcService, &r.SrcVersion, &r.Dst, &r.DstService, &r.DstVersion, &r.Proxy, &r.Route, &r.Method,
		&r.Protocol, &r.Cluster, &r.Upstream, &code, &grpc, &r.Outcome, &flags, &r.Details, &r.Mtls, &r.DurationUs, &r.FirstByteUs,
		&attempts, &attempt, &r.RequestBytes, &r.ResponseBytes, &r.CallId, &r.RequestId, &r.TraceId, &r.SpanId, &l.block)
	r.At, r.Code, r.GrpcStatus, r.Flags = timestamppb.New(at), uint32(code), grpcStatus(grpc), flagNames(flags)
	r.Attempts, r.Attempt = uint32(attempts), uint32(attempt)
	r.CallId, r.TraceId, r.SpanId = uuid(r.CallId), id(r.TraceId), id(r.SpanId)
	l.RequestRow = r
	return l, err
}

func grpcStatus(n int8) *int32 {
	if n < 0 {
		return nil
	}
	v := int32(n)
	return &v
}

func flagNames(flags uint64) []string {
	if flags == 0 {
		return nil
	}
	return strings.Split(record.Flags(flags).String(), ",")
}

// id writes hex digits in lower case, "" for zeroes.
func id(digits string) string {
	if _, err := hex.DecodeString(digits); err != nil || strings.Trim(digits, "0") == "" {
		return ""
	}
	return strings.ToLower(digits)
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
