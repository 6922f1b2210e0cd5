package ingest

import (
	"fmt"
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// borrow returns a string over a buffer, as a decoder of network bytes does.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// generator makes random records: few names, many values.
type generator struct {
	rng *rand.Rand
	now time.Time
}

func newGenerator(seed uint64, now time.Time) *generator {
	return &generator{rng: rand.New(rand.NewPCG(seed, 7)), now: now.UTC().Truncate(time.Microsecond)}
}

func (g *generator) pick(kind string, n int) string { return fmt.Sprintf("%s-%d", kind, g.rng.IntN(n)) }

func (g *generator) peer() record.Peer {
	n := g.rng.IntN(4)
	return record.Peer{
		ID: fmt.Sprintf("mesh/local/default/w%d", n), Service: fmt.Sprintf("s%d", n), Version: g.pick("v", 2),
		Principal: fmt.Sprintf("spiffe://mesh/w%d", n), Source: record.IDSource(g.rng.IntN(len(record.IDSourceNames()))),
	}
}

// request makes a record whose end lies within the last two minutes. A fifth
// of the durations is spread over all of uint32.
func (g *generator) request() *record.Request {
	duration := g.rng.Uint32N(50_000)
	if g.rng.IntN(5) == 0 {
		duration = g.rng.Uint32()
	}
	r := &record.Request{
		End:     g.now.Add(-time.Duration(g.rng.IntN(120_000_000)) * time.Microsecond),
		Skew:    time.Duration(g.rng.IntN(3)-1) * time.Second,
		Vantage: record.Vantage(g.rng.IntN(4)), Src: g.peer(), Dst: g.peer(),
		Proxy: g.pick("proxy", 5), LogName: "mesh.request", Route: g.pick("route", 3), Method: g.pick("M", 2),
		Protocol: "http2", Cluster: g.pick("cluster", 3), Upstream: g.pick("10.0.0", 9),
		Code: uint16(200 + g.rng.IntN(400)), GRPCStatus: int8(g.rng.IntN(18) - 1),
		Outcome: record.Outcome(g.rng.IntN(len(record.OutcomeNames()))), Flags: record.Flags(g.rng.Uint64()),
		Details: g.pick("details", 4), MTLS: record.MTLS(g.rng.IntN(4)),
		Duration: duration, FirstByte: duration / uint32(1+g.rng.IntN(3)), Attempts: uint8(g.rng.IntN(4)),
		RequestBytes: g.rng.Uint64() >> 20, ResponseBytes: g.rng.Uint64() >> 20,
		RequestID: g.pick("id", 1<<30), Attempt: uint8(g.rng.IntN(3)),
	}
	g.fill(r.CallID[:])
	g.fill(r.TraceID[:])
	g.fill(r.SpanID[:])
	return r
}

func (g *generator) attempt() *record.Attempt {
	a := &record.Attempt{
		End: g.now.Add(-time.Duration(g.rng.IntN(60_000_000)) * time.Microsecond), Skew: -time.Microsecond,
		Src: g.peer(), Dst: g.peer(), Proxy: g.pick("proxy", 5), Route: g.pick("route", 3), Method: "GET",
		Cluster: g.pick("cluster", 3), Upstream: g.pick("10.0.0", 9), Number: uint8(1 + g.rng.IntN(3)),
		Code: 503, GRPCStatus: -1, Outcome: record.Outcome(g.rng.IntN(20)), Flags: record.Flags(g.rng.Uint64()),
		Failure: g.pick("failure", 3), Duration: g.rng.Uint32(), FirstByte: g.rng.Uint32(), PoolWait: g.rng.Uint32(),
		RequestID: g.pick("id", 1<<30),
	}
	g.fill(a.CallID[:])
	return a
}

func (g *generator) fill(b []byte) {
	for i := range b {
		b[i] = byte(g.rng.Uint32())
	}
}
