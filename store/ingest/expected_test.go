package ingest

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// row is what the tables must hold of a record, by column, in the form of
// textOf. The functions below are written from the schema, not from the columns
// under test.
type row map[string]any

func (r row) text() map[string]string {
	out := map[string]string{}
	for name, value := range r {
		out[name] = textOf(value)
	}
	return out
}

func (r row) with(more row) row {
	for name, value := range more {
		r[name] = value
	}
	return r
}

// peerRow are the columns of one end of a call.
func peerRow(side string, p record.Peer) row {
	return row{
		side: p.ID, side + "_service": p.Service, side + "_version": p.Version, side + "_principal": p.Principal,
		side + "_source": p.Source,
	}
}

func unixMicro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func attrsText(attrs []record.Attr) string {
	var out []string
	for _, a := range attrs {
		out = append(out, a.Key+"="+a.Value)
	}
	return textOf(out)
}

func requestRow(r *record.Request) row {
	firstByte := record.Bin(-1)
	if r.FirstByte != 0 {
		firstByte = record.BinOf(r.FirstByte)
	}
	return peerRow("src", r.Src).with(peerRow("dst", r.Dst)).with(row{
		"ts": unixMicro(r.End), "skew_us": r.Skew.Microseconds(), "vantage": r.Vantage,
		"proxy": r.Proxy, "log_name": r.LogName, "route": r.Route, "method": r.Method, "protocol": r.Protocol, "cluster": r.Cluster,
		"upstream": r.Upstream, "code": r.Code, "grpc_status": r.GRPCStatus, "outcome": r.Outcome, "flags": uint64(r.Flags),
		"details": r.Details, "mtls": r.MTLS, "duration_us": r.Duration, "first_byte_us": r.FirstByte,
		"attempts": r.Attempts, "attempt": r.Attempt, "request_bytes": r.RequestBytes, "response_bytes": r.ResponseBytes,
		"call_id": r.CallID, "request_id": requestIDOf(r.RequestID, &r.CallID, &r.TraceID), "trace_id": r.TraceID, "span_id": r.SpanID,
		"duration_bin": record.BinOf(r.Duration), "first_byte_bin": firstByte,
	})
}

func attemptRow(a *record.Attempt) row {
	return row{
		"ts": unixMicro(a.End), "skew_us": a.Skew.Microseconds(),
		"src": a.Src.ID, "src_service": a.Src.Service, "src_version": a.Src.Version,
		"dst": a.Dst.ID, "dst_service": a.Dst.Service, "dst_version": a.Dst.Version,
		"proxy": a.Proxy, "route": a.Route, "method": a.Method, "cluster": a.Cluster, "upstream": a.Upstream,
		"number": a.Number, "code": a.Code, "grpc_status": a.GRPCStatus, "outcome": a.Outcome, "flags": uint64(a.Flags),
		"failure": a.Failure, "duration_us": a.Duration, "first_byte_us": a.FirstByte, "pool_wait_us": a.PoolWait,
		"call_id": a.CallID, "request_id": attemptIDOf(a.RequestID, &a.CallID),
	}
}

func heartbeatRow(h *record.Heartbeat) row {
	return row{
		"ts": unixMicro(h.At), "collector": h.Collector, "proxy": h.Proxy, "complete_through": unixMicro(h.CompleteThrough),
		"requests": h.Requests, "attempts": h.Attempts, "refused": h.Refused, "clamped": h.Clamped,
		"started": unixMicro(h.Started), "interim": h.Interim, "flows": h.Flows,
	}
}

func flowRow(f *record.Flow) row {
	return peerRow("src", f.Src).with(peerRow("dst", f.Dst)).with(row{
		"ts": unixMicro(f.End), "skew_us": f.Skew.Microseconds(), "source": f.Source, "vantage": f.Vantage,
		"proxy": f.Proxy, "route": f.Route, "protocol": f.Protocol, "cluster": f.Cluster, "upstream": f.Upstream,
		"outcome": f.Outcome, "flags": uint64(f.Flags), "details": f.Details, "mtls": f.MTLS, "duration_us": f.Duration,
		"sent": f.Sent, "received": f.Received, "opened": f.Opened, "closed": f.Closed, "failed": f.Failed, "refused": f.Refused,
	})
}

func spanRow(s *record.Span) row {
	var at, name, attrs, traces, spans []string
	for _, e := range s.Events {
		at, name, attrs = append(at, textOf(unixMicro(e.At))), append(name, e.Name), append(attrs, attrsText(e.Attrs))
	}
	for _, l := range s.Links {
		traces, spans = append(traces, textOf(l.TraceID)), append(spans, textOf(l.SpanID))
	}
	return row{
		"start": unixMicro(s.Start), "skew_us": s.Skew.Microseconds(), "duration_us": s.Duration,
		"trace_id": s.TraceID, "span_id": s.SpanID, "parent_id": s.ParentID, "kind": s.Kind, "status": s.Status,
		"status_message": s.StatusMessage, "name": s.Name, "scope": s.Scope, "node": s.Node, "service": s.Service,
		"version": s.Version, "peer": s.Peer, "proxy": s.Proxy, "code": s.Code, "flags": uint64(s.Flags),
		"request_id": s.RequestID, "call_id": s.CallID, "attrs": attrsText(s.Attrs), "resource": attrsText(s.Resource),
		"event_at": at, "event_name": name, "event_attrs": attrs, "link_trace_id": traces, "link_span_id": spans,
	}
}

func logRow(l *record.Log) row {
	return row{
		"ts": unixMicro(l.At), "skew_us": l.Skew.Microseconds(), "trace_id": l.TraceID, "span_id": l.SpanID, "severity": l.Severity,
		"node": l.Node, "service": l.Service, "version": l.Version, "scope": l.Scope, "body": l.Body,
		"attrs": attrsText(l.Attrs), "resource": attrsText(l.Resource),
	}
}

func edgeSampleRow(s *record.EdgeSample) row {
	return peerRow("src", s.Src).with(peerRow("dst", s.Dst)).with(row{
		"ts": unixMicro(s.At), "step_ms": s.Step.Milliseconds(), "source": s.Source, "vantage": s.Vantage,
		"proxy": s.Proxy, "route": s.Route, "method": s.Method, "protocol": s.Protocol, "mtls": s.MTLS,
		"outcome": s.Outcome, "code": s.Code, "grpc_status": s.GRPCStatus, "flags": uint64(s.Flags),
		"requests": s.Requests, "attempts": s.Attempts, "request_bytes": s.RequestBytes, "response_bytes": s.ResponseBytes,
		"latency": s.Latency, "bounds": numbers(s.Bounds), "counts": numbers(s.Counts), "latency_sum_us": s.LatencySum,
		"reset": b2n(s.Reset),
	})
}

func numbers(values []uint64) (out []string) {
	for _, v := range values {
		out = append(out, textOf(v))
	}
	return out
}

func proxyStatRow(s *record.ProxyStat) row {
	return row{
		"ts": unixMilli(s.At), "step_ms": s.Step.Milliseconds(), "started": unixMilli(s.Started),
		"proxy": s.Proxy, "node": s.Node, "source": s.Source, "scope": s.Scope, "object": s.Object, "name": s.Name,
		"kind": s.Kind, "value": s.Value, "total": s.Total, "reset": b2n(s.Reset),
	}
}

func configChangeRow(c *record.ConfigChange) row {
	return row{
		"ts": unixMicro(c.At), "source": c.Source, "action": c.Action, "kind": c.Kind, "namespace": c.Namespace, "name": c.Name,
		"generation": c.Generation, "actor": c.Actor, "reason": c.Reason, "text": c.Text,
	}
}
