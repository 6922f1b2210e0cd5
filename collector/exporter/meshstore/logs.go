package meshstore

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// logs is the exporter of access logs and application logs.
type logs struct {
	*base
	makers sync.Pool // of *logMaker
}

func newLogs(b *base) *logs {
	caps := rows.NewCaps()
	return &logs{base: b, makers: sync.Pool{New: func() any {
		return &logMaker{entries: newEntryMaker(caps)}
	}}}
}

// ConsumeLogs stores the records, and returns when they are durable.
func (e *logs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	return e.consume(ctx, func(t *tally) {
		m := e.makers.Get().(*logMaker)
		defer e.makers.Put(m)
		m.received, m.tally, m.store = e.now(), t, e.store
		m.all(ld)
	})
}

// logMaker makes rows of the log records of one request at a time.
type logMaker struct {
	received time.Time
	tally    *tally
	store    Store
	entries  *entryMaker

	log   record.Log
	texts texts
	attrs []record.Attr

	names         names
	sender        sender
	resource      []record.Attr
	resourceTexts texts
}

func (m *logMaker) all(ld plog.Logs) {
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		rl := resources.At(i)
		m.setResource(rl.Resource().Attributes())
		scopes := rl.ScopeLogs()
		for j := range scopes.Len() {
			sl := scopes.At(j)
			scope := sl.Scope().Name()
			records := sl.LogRecords()
			for k := range records.Len() {
				m.one(records.At(k), scope)
			}
		}
	}
	m.drop()
}

func (m *logMaker) setResource(attrs pcommon.Map) {
	m.resourceTexts.reset()
	m.resource = appendResource(m.resource[:0], attrs, &m.resourceTexts)
	m.names = namesOf(attrs)
	m.sender = m.names.application()
	m.entries.setReporter(&m.names)
}

// drop lets go of what was borrowed from a request.
func (m *logMaker) drop() {
	m.log, m.names, m.sender = record.Log{}, names{}, sender{}
	clear(m.attrs[:cap(m.attrs)])
	clear(m.resource[:cap(m.resource)])
	m.entries.drop()
	m.tally, m.store = nil, nil
}

// one stores a record as what it is, or counts why not.
func (m *logMaker) one(in plog.LogRecord, scope string) {
	switch {
	case m.entries.take(in):
		m.entry(in)
	case m.envoyText(in):
		m.tally.unkept[untypedLog]++
	case in.TraceID().IsEmpty():
		m.tally.unkept[noTraceLog]++
	default:
		m.fill(in, scope)
		m.store.Log(&m.log)
		m.tally.row(logRow, m.log.Skew)
	}
}

// entry stores the access log entry that was taken.
func (m *logMaker) entry(in plog.LogRecord) {
	switch kind, why := m.entries.kind(); kind {
	case rows.Request:
		r := m.entries.makeRequest(in, m.received)
		m.store.Request(r)
		m.tally.row(requestRow, r.Skew)
	case rows.Attempt:
		a := m.entries.makeAttempt(m.received)
		m.store.Attempt(a)
		m.tally.row(attemptRow, a.Skew)
	case rows.Flow:
		f := m.entries.makeFlow(m.received)
		m.store.Flow(f)
		m.tally.row(flowRow, f.Skew)
	default:
		m.tally.unkept[why]++
		return
	}
	m.tally.cap(m.entries.capped)
}

// envoyText tells whether a record without our attributes is an Envoy access log
// all the same: by the built-in labels of Envoy's logger, or, where they are
// switched off (Istio's otel_envoy_accesslog), by Envoy's default format, which
// begins with `[<start time>] "<method>`.
func (m *logMaker) envoyText(in plog.LogRecord) bool {
	if m.names[logPart] != "" {
		return true
	}
	if in.Attributes().Len() != 0 || in.Body().Type() != pcommon.ValueTypeStr {
		return false
	}
	text := in.Body().Str()
	return len(text) > len(`[2006-01-02T`) && text[0] == '[' && text[5] == '-' && text[8] == '-' && text[11] == 'T' &&
		strings.Contains(text, `] "`)
}

// fill makes the row of an application's log record. One without any time was
// made when it came.
func (m *logMaker) fill(in plog.LogRecord, scope string) {
	m.texts.reset()
	m.attrs = m.attrs[:0]
	at := m.received
	if stamp := in.Timestamp(); stamp != 0 {
		at = stamp.AsTime()
	} else if stamp := in.ObservedTimestamp(); stamp != 0 {
		at = stamp.AsTime()
	}
	at, skew := record.ClampTime(at, m.received)
	for key, value := range in.Attributes().All() {
		m.attrs = append(m.attrs, record.Attr{Key: key, Value: m.texts.value(value)})
	}
	if name := in.EventName(); name != "" {
		m.attrs = append(m.attrs, record.Attr{Key: "event.name", Value: name})
	}
	m.log = record.Log{
		At: at, Skew: skew, TraceID: in.TraceID(), SpanID: in.SpanID(), Severity: severity(in.SeverityNumber()),
		Node: m.sender.node, Service: m.sender.service, Version: m.sender.version, Scope: scope,
		Body: m.texts.value(in.Body()), Attrs: m.attrs, Resource: m.resource,
	}
}

// severity returns OTLP's number, 0 for one that it does not have.
func severity(n plog.SeverityNumber) uint8 {
	if n < plog.SeverityNumberTrace || n > plog.SeverityNumberFatal4 {
		return 0
	}
	return uint8(n)
}
