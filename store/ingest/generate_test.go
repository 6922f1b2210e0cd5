package ingest

import (
	"math"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// ids returns 16 random bytes.
func (g *generator) id() (id [16]byte) {
	g.fill(id[:])
	return id
}

func (g *generator) shortID() (id [8]byte) {
	g.fill(id[:])
	return id
}

// past returns a time within the last minute.
func (g *generator) past() time.Time {
	return g.now.Add(-time.Duration(g.rng.IntN(60_000_000)) * time.Microsecond)
}

// word returns a short text, sometimes none, sometimes one that quoting or
// encoding would spoil.
func (g *generator) word() string {
	words := []string{"", "a", "ünï–cødé", "with 'quotes' and \\", "line\nbreak", "\x00\xff", "100%", g.pick("word", 500)}
	return words[g.rng.IntN(len(words))]
}

// attrs returns up to three attributes.
func (g *generator) attrs() (out []record.Attr) {
	for range g.rng.IntN(4) {
		out = append(out, record.Attr{Key: g.pick("key", 40), Value: g.word()})
	}
	return out
}

func (g *generator) span() *record.Span {
	s := &record.Span{
		Start: g.past(), Skew: time.Duration(g.rng.IntN(5)) * time.Millisecond, Duration: g.rng.Uint64(),
		TraceID: g.id(), SpanID: g.shortID(), ParentID: g.shortID(),
		Kind: record.SpanKind(g.rng.IntN(6)), Status: record.SpanStatus(g.rng.IntN(3)), StatusMessage: g.word(),
		Name: g.pick("GET /", 20), Scope: g.pick("scope", 3), Node: g.peer().ID, Service: g.pick("s", 4), Version: g.pick("v", 2),
		Peer: g.pick("s", 4), Proxy: g.pick("proxy", 5), Code: uint16(g.rng.IntN(600)), Flags: record.Flags(g.rng.Uint64()),
		RequestID: g.word(), CallID: g.id(), Attrs: g.attrs(), Resource: g.attrs(),
	}
	for range g.rng.IntN(3) {
		s.Events = append(s.Events, record.SpanEvent{At: g.past(), Name: g.word(), Attrs: g.attrs()})
	}
	for range g.rng.IntN(3) {
		s.Links = append(s.Links, record.SpanLink{TraceID: g.id(), SpanID: g.shortID()})
	}
	return s
}

func (g *generator) log() *record.Log {
	return &record.Log{
		At: g.past(), Skew: -time.Second, TraceID: g.id(), SpanID: g.shortID(), Severity: uint8(g.rng.IntN(25)),
		Node: g.peer().ID, Service: g.pick("s", 4), Version: g.pick("v", 2), Scope: g.pick("scope", 3), Body: g.word(),
		Attrs: g.attrs(), Resource: g.attrs(),
	}
}

func (g *generator) flow() *record.Flow {
	return &record.Flow{
		End: g.past(), Skew: time.Second, Source: g.pick("source", 3), Vantage: record.Vantage(g.rng.IntN(7)),
		Src: g.peer(), Dst: g.peer(), Proxy: g.pick("proxy", 5), Route: g.pick("route", 3), Protocol: "tcp",
		Cluster: g.pick("cluster", 3), Upstream: g.pick("10.0.0", 9), Outcome: record.Outcome(g.rng.IntN(20)),
		Flags: record.Flags(g.rng.Uint64()), Details: g.word(), MTLS: record.MTLS(g.rng.IntN(4)),
		Duration: g.rng.Uint64(), Sent: g.rng.Uint64(), Received: g.rng.Uint64(),
		Opened: g.rng.Uint32(), Closed: g.rng.Uint32(), Failed: g.rng.Uint32(), Refused: g.rng.Uint32(),
	}
}

func (g *generator) edgeSample() *record.EdgeSample {
	s := &record.EdgeSample{
		At: g.past(), Step: time.Duration(g.rng.IntN(60_000)) * time.Millisecond, Source: g.pick("source", 3),
		Vantage: record.Vantage(g.rng.IntN(7)), Src: g.peer(), Dst: g.peer(), Proxy: g.pick("proxy", 5), Route: g.pick("route", 3),
		Method: g.pick("M", 3), Protocol: "http2", MTLS: record.MTLS(g.rng.IntN(4)), Outcome: record.Outcome(g.rng.IntN(20)),
		Code: uint16(g.rng.IntN(600)), GRPCStatus: int8(g.rng.IntN(18) - 1), Flags: record.Flags(g.rng.Uint64()),
		Requests: g.rng.Uint64() >> 20, Attempts: g.rng.Uint64() >> 20, RequestBytes: g.rng.Uint64() >> 20, ResponseBytes: g.rng.Uint64() >> 20,
		LatencySum: g.rng.Uint64() >> 20, Reset: g.rng.IntN(2) == 0,
	}
	if s.Latency = record.LatencyKind(g.rng.IntN(6)); s.Latency == record.LatencyNone {
		return s
	}
	for i := range uint64(1 + g.rng.IntN(20)) {
		s.Bounds = append(s.Bounds, 1000*(i+1))
		s.Counts = append(s.Counts, g.rng.Uint64()>>40)
	}
	s.Counts = append(s.Counts, g.rng.Uint64()>>40)
	return s
}

func (g *generator) proxyStat() *record.ProxyStat {
	values := []float64{0, 1, -1.5, math.MaxFloat64, math.Inf(1), math.NaN(), g.rng.NormFloat64(), float64(g.rng.Uint32())}
	s := &record.ProxyStat{
		At: g.past(), Step: time.Duration(g.rng.IntN(60_000)) * time.Millisecond, Proxy: g.pick("proxy", 5), Node: g.peer().ID,
		Source: "envoy", Scope: record.StatScope(g.rng.IntN(8)), Object: g.pick("object", 5), Name: g.pick("upstream_rq", 30),
		Kind: record.StatKind(g.rng.IntN(2)), Value: values[g.rng.IntN(len(values))], Total: values[g.rng.IntN(len(values))],
		Reset: g.rng.IntN(2) == 0,
	}
	if g.rng.IntN(2) == 0 {
		s.Started = g.past()
	}
	return s
}

func (g *generator) configChange() *record.ConfigChange {
	return &record.ConfigChange{
		At: g.past(), Source: g.pick("source", 3), Action: g.pick("action", 4), Kind: "VirtualService", Namespace: g.pick("ns", 3),
		Name: g.pick("name", 9), Generation: g.rng.Uint64(), Actor: g.word(), Reason: g.word(), Text: g.word(),
	}
}

func (g *generator) heartbeat() *record.Heartbeat {
	h := &record.Heartbeat{
		At: g.past(), Collector: "c1", Proxy: g.pick("proxy", 5), CompleteThrough: g.past(), Requests: g.rng.Uint64(),
		Attempts: g.rng.Uint64(), Interim: g.rng.Uint64(), Refused: g.rng.Uint64(), Clamped: g.rng.Uint64(),
	}
	if g.rng.IntN(2) == 0 {
		h.Started = g.past()
	}
	return h
}
