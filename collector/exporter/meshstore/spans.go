package meshstore

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// traces is the exporter of spans.
type traces struct {
	*base
	makers sync.Pool // of *spanMaker
}

func newTraces(b *base) *traces {
	return &traces{base: b, makers: sync.Pool{New: func() any { return &spanMaker{} }}}
}

// ConsumeTraces stores the spans, and returns when they are durable.
func (e *traces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return e.consume(ctx, func(t *tally) {
		m := e.makers.Get().(*spanMaker)
		defer e.makers.Put(m)
		m.received, m.tally, m.store = e.now(), t, e.store
		m.all(td)
	})
}

// spanMaker makes rows of the spans of one request at a time. Its slices are
// used again for each span.
type spanMaker struct {
	received time.Time
	tally    *tally
	store    Store

	span     record.Span
	texts    texts // of the span
	attrs    []record.Attr
	events   []record.SpanEvent
	links    []record.SpanLink
	peerRank peerRank
	isProxy  bool // the span is of an Envoy's tracer

	names         names // of the resource
	sender        sender
	resource      []record.Attr
	resourceTexts texts
	proxies       map[string]sender // the resource's proxies by node id
}

func (m *spanMaker) all(td ptrace.Traces) {
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		rs := resources.At(i)
		m.setResource(rs.Resource().Attributes())
		scopes := rs.ScopeSpans()
		for j := range scopes.Len() {
			ss := scopes.At(j)
			scope := ss.Scope().Name()
			spans := ss.Spans()
			for k := range spans.Len() {
				m.one(spans.At(k), scope)
			}
		}
	}
	m.drop()
}

// setResource reads who sends the spans that follow.
func (m *spanMaker) setResource(attrs pcommon.Map) {
	m.resourceTexts.reset()
	m.resource = appendResource(m.resource[:0], attrs, &m.resourceTexts)
	m.names = namesOf(attrs)
	m.sender = m.names.application()
	clear(m.proxies)
}

// appendResource appends a resource's attributes, without those that are fields
// of a row.
func appendResource(dst []record.Attr, attrs pcommon.Map, t *texts) []record.Attr {
	for key, value := range attrs.All() {
		if key == "service.name" || key == "service.version" {
			continue
		}
		dst = append(dst, record.Attr{Key: key, Value: t.value(value)})
	}
	return dst
}

// drop lets go of what was borrowed from a request.
func (m *spanMaker) drop() {
	m.span, m.names, m.sender = record.Span{}, names{}, sender{}
	clear(m.attrs[:cap(m.attrs)])
	clear(m.resource[:cap(m.resource)])
	clear(m.events[:cap(m.events)])
	clear(m.proxies)
	m.tally, m.store = nil, nil
}

// one stores a span, or counts why not.
func (m *spanMaker) one(in ptrace.Span, scope string) {
	switch {
	case in.TraceID().IsEmpty():
		m.tally.unkept[noTraceID]++
		return
	case in.SpanID().IsEmpty():
		m.tally.unkept[noSpanID]++
		return
	case in.StartTimestamp() == 0:
		m.tally.unkept[noTime]++
		return
	}
	m.fill(in, scope)
	m.store.Span(&m.span)
	m.tally.row(spanRow, m.span.Skew)
}

// fill makes the row of a span.
func (m *spanMaker) fill(in ptrace.Span, scope string) {
	m.texts.reset()
	m.attrs, m.events, m.links = m.attrs[:0], m.events[:0], m.links[:0]
	m.peerRank, m.isProxy = 0, false
	start, skew := record.ClampTime(in.StartTimestamp().AsTime(), m.received)
	m.span = record.Span{
		Start: start, Skew: skew, Duration: micros(in.StartTimestamp(), in.EndTimestamp()),
		TraceID: in.TraceID(), SpanID: in.SpanID(), ParentID: in.ParentSpanID(),
		Kind: spanKind(in.Kind()), Status: spanStatus(in.Status().Code()), StatusMessage: in.Status().Message(),
		Name: in.Name(), Scope: scope,
		Resource: m.resource,
	}
	for key, value := range in.Attributes().All() {
		if !m.field(key, value) {
			m.attrs = append(m.attrs, record.Attr{Key: key, Value: m.texts.value(value)})
		}
	}
	m.span.Attrs = m.attrs
	m.setSender()
	m.setEvents(in.Events())
	m.setLinks(in.Links())
}

// setSender names who sent the span: the application, or the proxy. Envoy's
// node.id is in the span of a request, not in those of its tries.
func (m *spanMaker) setSender() {
	s := m.sender
	if m.isProxy && m.span.Proxy == "" {
		m.span.Proxy = m.names[nodePart]
	}
	if m.isProxy || m.span.Proxy != "" {
		s = m.proxy(m.span.Proxy)
	}
	m.span.Node, m.span.Service, m.span.Version = s.node, s.service, s.version
}

// proxy returns the sender of a proxy that the resource's spans name.
func (m *spanMaker) proxy(id string) sender {
	if known, ok := m.proxies[id]; ok {
		return known
	}
	if m.proxies == nil {
		m.proxies = make(map[string]sender)
	}
	n := m.names
	n[nodePart] = id
	made := n.proxy()
	m.proxies[id] = made
	return made
}

// setEvents takes the events over. Their attributes stand behind those of the
// span in one slice; where that grows, the old one stays with who has it.
func (m *spanMaker) setEvents(events ptrace.SpanEventSlice) {
	for i := range events.Len() {
		e := events.At(i)
		start := len(m.attrs)
		for key, value := range e.Attributes().All() {
			m.attrs = append(m.attrs, record.Attr{Key: key, Value: m.texts.value(value)})
		}
		m.events = append(m.events, record.SpanEvent{At: e.Timestamp().AsTime(), Name: e.Name(), Attrs: m.attrs[start:len(m.attrs):len(m.attrs)]})
	}
	m.span.Events = m.events
}

func (m *spanMaker) setLinks(links ptrace.SpanLinkSlice) {
	for i := range links.Len() {
		l := links.At(i)
		m.links = append(m.links, record.SpanLink{TraceID: l.TraceID(), SpanID: l.SpanID()})
	}
	m.span.Links = m.links
}

// micros returns how long it took from start to end in whole microseconds, 0
// where the end comes first.
func micros(start, end pcommon.Timestamp) uint64 {
	if end <= start {
		return 0
	}
	return uint64(end-start) / 1000
}

// spanKind returns the kind; a number that OTLP does not have is no kind.
func spanKind(k ptrace.SpanKind) record.SpanKind {
	if k < 0 || k > ptrace.SpanKindConsumer {
		return record.SpanUnspecified
	}
	return record.SpanKind(k)
}

func spanStatus(c ptrace.StatusCode) record.SpanStatus {
	if c < 0 || c > ptrace.StatusCodeError {
		return record.StatusUnset
	}
	return record.SpanStatus(c)
}
