package main

import (
	"context"
	"time"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/proto"
)

// batchRows is how many records go into one export, as many as into a block of
// Plimsoll's.
const batchRows = 8192

// fill makes a log record of an entry.
type fill func(plog.LogRecord, *datav3.HTTPAccessLogEntry)

type logs struct {
	exporter.Logs
	fill  fill
	batch plog.Logs
	to    plog.LogRecordSlice
}

func newLogs(ctx context.Context, cfg *clickhouseexporter.Config, f fill) (*logs, error) {
	factory := clickhouseexporter.NewFactory()
	e, err := factory.CreateLogs(ctx, exportertest.NewNopSettings(factory.Type()), cfg)
	if err != nil {
		return nil, err
	}
	l := &logs{Logs: e, fill: f}
	l.next()
	return l, nil
}

func (l *logs) next() {
	l.batch = plog.NewLogs()
	r := l.batch.ResourceLogs().AppendEmpty()
	r.Resource().Attributes().PutStr("service.name", "front")
	l.to = r.ScopeLogs().AppendEmpty().LogRecords()
	l.to.EnsureCapacity(batchRows)
}

func (l *logs) send(ctx context.Context, message []byte) (int, error) {
	var m servicev3.StreamAccessLogsMessage
	if err := proto.Unmarshal(message, &m); err != nil {
		return 0, err
	}
	for _, e := range m.GetHttpLogs().GetLogEntry() {
		l.fill(l.to.AppendEmpty(), e)
	}
	if l.to.Len() < batchRows {
		return 0, nil
	}
	return l.flush(ctx)
}

func (l *logs) flush(ctx context.Context) (int, error) {
	n := l.to.Len()
	if n == 0 {
		return 0, nil
	}
	err := l.ConsumeLogs(ctx, l.batch)
	l.next()
	return n, err
}

// text does what the contrib access log receiver does: the entry's text form is
// the body (envoyalsreceiver: internal/als/server.go).
func text(r plog.LogRecord, e *datav3.HTTPAccessLogEntry) {
	r.SetTimestamp(start(e))
	r.Attributes().PutStr("api_version", "v3")
	r.Attributes().PutStr("log_type", "http")
	r.Body().SetStr(e.String())
}

// typed makes an attribute of what a row of Plimsoll's table requests holds.
func typed(r plog.LogRecord, e *datav3.HTTPAccessLogEntry) {
	c, q, p := e.GetCommonProperties(), e.GetRequest(), e.GetResponse()
	r.SetTimestamp(start(e))
	a := r.Attributes()
	a.EnsureCapacity(32)
	for key, value := range c.GetCustomTags() {
		a.PutStr(key, value)
	}
	for key, value := range q.GetRequestHeaders() {
		a.PutStr(key, value)
	}
	a.PutStr("upstream_cluster", c.GetUpstreamCluster())
	a.PutStr("upstream_address", c.GetUpstreamRemoteAddress().GetSocketAddress().GetAddress())
	a.PutStr("route_name", c.GetRouteName())
	a.PutStr("method", q.GetRequestMethod().String())
	a.PutStr("request_id", q.GetRequestId())
	a.PutStr("response_code_details", p.GetResponseCodeDetails())
	a.PutInt("response_code", int64(p.GetResponseCode().GetValue()))
	a.PutInt("attempts", int64(c.GetUpstreamRequestAttemptCount()))
	a.PutInt("duration_us", c.GetDuration().AsDuration().Microseconds())
	a.PutInt("first_byte_us", c.GetTimeToFirstUpstreamRxByte().AsDuration().Microseconds())
	a.PutInt("request_bytes", int64(q.GetRequestBodyBytes()+q.GetRequestHeadersBytes()))
	a.PutInt("response_bytes", int64(p.GetResponseBodyBytes()+p.GetResponseHeadersBytes()))
}

func start(e *datav3.HTTPAccessLogEntry) pcommon.Timestamp {
	at := time.Now()
	if s := e.GetCommonProperties().GetStartTime(); s != nil {
		at = s.AsTime()
	}
	return pcommon.NewTimestampFromTime(at)
}
