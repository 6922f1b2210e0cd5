package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"google.golang.org/protobuf/types/known/timestamppb"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

const (
	// lookBack is where a call is looked for by default.
	lookBack = time.Hour
	// around is how far from its requests a call's tries, spans and logs are
	// looked for.
	around = time.Minute
	// mostRows bounds each list of an answer.
	mostRows = 1000
)

// OpenRequest returns a call with all that is known about it. Errors:
// InvalidArgument unless exactly one id is given, NotFound where the window has
// no row of it.
func (s *Service) OpenRequest(ctx context.Context, req *connect.Request[observev1.OpenRequestRequest]) (*connect.Response[observev1.OpenRequestResponse], error) {
	c, what, err := named(req.Msg)
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	mark, err := s.mark(ctx)
	if err != nil {
		return nil, err
	}
	from, to := s.now().Add(-lookBack), s.now()
	if req.Msg.GetFrom() != nil {
		from = req.Msg.GetFrom().AsTime()
	}
	if req.Msg.GetTo() != nil {
		to = req.Msg.GetTo().AsTime()
	}
	if !from.Before(to) {
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("from %s is not before to %s", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)))
	}
	found, err := s.store.requests(ctx, c, from, to, "ts", mostRows)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("no row of %s completed from %s to %s: it may have been sampled away, be older, or not have landed yet",
			what, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)))
	}
	a := &observev1.OpenRequestResponse{Window: &typesv1.Window{From: timestamppb.New(from), To: timestamppb.New(to), Watermark: timestamppb.New(mark.At)}}
	for _, r := range found {
		a.Requests = append(a.Requests, r.RequestRow)
	}
	if err := s.fill(ctx, a); err != nil {
		return nil, err
	}
	return connect.NewResponse(a), nil
}

// named turns the one id that is given into a condition.
func named(req *observev1.OpenRequestRequest) (c condition, what string, err error) {
	var ids []string
	for _, id := range []string{req.GetCallId(), req.GetRequestId(), req.GetTraceId()} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) != 1 {
		return c, "", errors.New("name one of call_id, request_id and trace_id")
	}
	var digits string
	switch {
	case req.GetCallId() != "":
		what = "call " + req.GetCallId()
		digits, err = parseID(req.GetCallId(), "call id")
		c.and("call_id = toFixedString(unhex(?), 16)", digits)
	case req.GetTraceId() != "":
		what = "trace " + req.GetTraceId()
		digits, err = parseID(req.GetTraceId(), "trace id")
		c.and("trace_id = toFixedString(unhex(?), 16)", digits)
	default:
		what = "request " + req.GetRequestId()
		c.and("request_id = ?", req.GetRequestId())
	}
	return c, what, err
}

// fill adds tries, spans, logs, configuration and moments.
func (s *Service) fill(ctx context.Context, a *observev1.OpenRequestResponse) (err error) {
	from, to := extent(a.Requests)
	calls, requests, traces := idsOf(a.Requests)
	if a.Tries, err = s.store.tries(ctx, calls, requests, from.Add(-around), to.Add(around)); err != nil {
		return err
	}
	if a.Spans, err = s.store.spans(ctx, traces, from.Add(-around), to.Add(around)); err != nil {
		return err
	}
	if a.Logs, err = s.store.logs(ctx, traces, from.Add(-around), to.Add(around)); err != nil {
		return err
	}
	if a.Config, err = s.store.config(ctx, namespacesOf(a.Requests), from); err != nil {
		return err
	}
	a.Moments = moments(a.Requests, a.Tries)
	a.Notes = notes(a)
	return nil
}

// extent is when the first of the requests began and the last one ended.
func extent(rows []*observev1.RequestRow) (from, to time.Time) {
	for _, r := range rows {
		begin, end := r.At.AsTime().Add(-micros(r.DurationUs)), r.At.AsTime()
		if from.IsZero() || begin.Before(from) {
			from = begin
		}
		if end.After(to) {
			to = end
		}
	}
	return from, to
}

func micros(us uint32) time.Duration { return time.Duration(us) * time.Microsecond }

// idsOf lists the ids by which the requests are joined to the rest, as digits.
func idsOf(rows []*observev1.RequestRow) (calls, requests, traces []string) {
	add := func(to *[]string, id string) {
		if id != "" && !slices.Contains(*to, id) {
			*to = append(*to, id)
		}
	}
	for _, r := range rows {
		add(&calls, strings.ReplaceAll(r.CallId, "-", ""))
		if r.CallId == "" {
			add(&requests, r.RequestId)
		}
		add(&traces, r.TraceId)
	}
	return calls, requests, traces
}

func namespacesOf(rows []*observev1.RequestRow) (out []string) {
	for _, r := range rows {
		for _, node := range []string{r.Src, r.Dst} {
			if parts := strings.Split(node, "/"); len(parts) == 4 && !slices.Contains(out, parts[2]) {
				out = append(out, parts[2])
			}
		}
	}
	return out
}

// notes says what is missing or uncertain.
func notes(a *observev1.OpenRequestResponse) (out []string) {
	_, requests, traces := idsOf(a.Requests)
	if len(requests) > 0 {
		out = append(out, "some rows carry no call id: their tries are joined by request id, which a retried or forwarded request may share")
	}
	if len(a.Tries) == 0 {
		out = append(out, "no tries are stored: the caller's proxy does not log them, or made none")
	}
	if len(traces) == 0 {
		out = append(out, "no row carries a trace id, so spans and logs cannot be found")
	} else if len(a.Spans) == 0 {
		out = append(out, "no spans of the trace are stored: it was not sampled, or tracing is not sent here")
	}
	if len(a.Config) == 0 {
		out = append(out, "no configuration change is known from before the request")
	}
	if _, end := extent(a.Requests); a.Window.GetWatermark() != nil && end.After(a.Window.Watermark.AsTime()) {
		out = append(out, "the call is newer than the watermark: rows may still land")
	}
	return out
}

// tries reads upstream tries by call id, and by request id for calls without.
func (s store) tries(ctx context.Context, calls, requests []string, from, to time.Time) ([]*observev1.TryRow, error) {
	if len(calls)+len(requests) == 0 {
		return nil, nil
	}
	return list(ctx, s.conn, "tries", `SELECT ts, src, dst, dst_version, proxy, route, cluster, upstream, number, code, grpc_status,
	toString(outcome), flags, failure, duration_us, pool_wait_us, first_byte_us, hex(call_id), request_id FROM attempts WHERE `+between+`
	AND (has(?, lower(hex(call_id))) OR has(?, request_id)) ORDER BY ts, number LIMIT 1000`,
		func(rows driver.Rows) (*observev1.TryRow, error) {
			t := &observev1.TryRow{Source: "als", Vantage: "client"}
			var at time.Time
			var number uint8
			var code uint16
			var grpc int8
			var flags uint64
			err := rows.Scan(&at, &t.Src, &t.Dst, &t.DstVersion, &t.Proxy, &t.Route, &t.Cluster, &t.Upstream, &number, &code, &grpc,
				&t.Outcome, &flags, &t.Failure, &t.DurationUs, &t.PoolWaitUs, &t.FirstByteUs, &t.CallId, &t.RequestId)
			t.At, t.Number, t.Code, t.GrpcStatus = timestamppb.New(at), uint32(number), uint32(code), grpcStatus(grpc)
			t.Flags, t.CallId = flagNames(flags), uuid(t.CallId)
			return t, err
		}, from.UnixMicro(), to.UnixMicro(), calls, requests)
}

func (s store) spans(ctx context.Context, traces []string, from, to time.Time) ([]*observev1.SpanRow, error) {
	if len(traces) == 0 {
		return nil, nil
	}
	return list(ctx, s.conn, "spans", `SELECT start, toString(kind), duration_us, hex(trace_id), hex(span_id), hex(parent_id), name, node,
	service, peer, toString(status), status_message, proxy FROM spans
	WHERE start >= fromUnixTimestamp64Micro(?, 'UTC') AND start < fromUnixTimestamp64Micro(?, 'UTC')
	AND has(?, lower(hex(trace_id))) ORDER BY start, span_id LIMIT 1000`,
		func(rows driver.Rows) (*observev1.SpanRow, error) {
			r := &observev1.SpanRow{Source: "otlp"}
			var at time.Time
			err := rows.Scan(&at, &r.Vantage, &r.DurationUs, &r.TraceId, &r.SpanId, &r.ParentId, &r.Name, &r.Node, &r.Service, &r.Peer,
				&r.Status, &r.StatusMessage, &r.Proxy)
			r.Start, r.TraceId, r.SpanId, r.ParentId = timestamppb.New(at), id(r.TraceId), id(r.SpanId), id(r.ParentId)
			return r, err
		}, from.UnixMicro(), to.UnixMicro(), traces)
}

func (s store) logs(ctx context.Context, traces []string, from, to time.Time) ([]*observev1.LogRow, error) {
	if len(traces) == 0 {
		return nil, nil
	}
	return list(ctx, s.conn, "logs", `SELECT ts, severity, node, service, body, hex(trace_id), hex(span_id) FROM logs WHERE `+between+`
	AND has(?, lower(hex(trace_id))) ORDER BY ts LIMIT 1000`,
		func(rows driver.Rows) (*observev1.LogRow, error) {
			r := &observev1.LogRow{Source: "otlp", Vantage: "application"}
			var at time.Time
			var severity uint8
			err := rows.Scan(&at, &severity, &r.Node, &r.Service, &r.Body, &r.TraceId, &r.SpanId)
			r.At, r.Severity, r.TraceId, r.SpanId = timestamppb.New(at), uint32(severity), id(r.TraceId), id(r.SpanId)
			return r, err
		}, from.UnixMicro(), to.UnixMicro(), traces)
}

// config reads the last change of every object of some namespaces before a time,
// without those that were then withdrawn. A refused one changed nothing.
func (s store) config(ctx context.Context, namespaces []string, at time.Time) ([]*observev1.ConfigInForce, error) {
	return list(ctx, s.conn, "configuration changes", `SELECT last.1, last.2, kind, namespace, name, last.3, last.4, last.5 FROM (
	SELECT kind, namespace, name, argMax((ts, source, generation, actor, reason, action), (ts, generation)) AS last
	FROM config_changes WHERE ts <= fromUnixTimestamp64Micro(?, 'UTC') AND action != 'refused' AND (namespace = '' OR has(?, namespace))
	GROUP BY kind, namespace, name)
	WHERE last.6 != 'withdrawn' ORDER BY kind, namespace, name LIMIT 1000`,
		func(rows driver.Rows) (*observev1.ConfigInForce, error) {
			r := &observev1.ConfigInForce{}
			var since time.Time
			err := rows.Scan(&since, &r.Source, &r.Kind, &r.Namespace, &r.Name, &r.Generation, &r.Actor, &r.Reason)
			r.Since = timestamppb.New(since)
			return r, err
		}, at.UnixMicro(), append([]string{}, namespaces...))
}
