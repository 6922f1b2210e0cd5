package ingest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// traffic makes requests as streams of access logs bring them: messages of some
// forty entries of one proxy, whose identities the receiver remembers and whose
// other names lie in the buffer of the message.
func traffic(n int) []*record.Request {
	const perMessage = 40
	rng := rand.New(rand.NewPCG(9, 9))
	now := time.Now()
	var workloads []record.Peer
	for i := range 20 {
		service := fmt.Sprintf("service-%02d", i)
		workloads = append(workloads, record.Peer{
			ID: "mesh/cluster-a/shop/" + service, Service: service, Version: "v1",
			Principal: "spiffe://cluster.local/ns/shop/sa/" + service, Source: record.IDMTLS,
		})
	}
	var out []*record.Request
	for len(out) < n {
		self, buffer := workloads[rng.IntN(len(workloads))], &messageBuffer{}
		now = now.Add(3 * time.Millisecond)
		for range min(perMessage, n-len(out)) {
			other := workloads[rng.IntN(len(workloads))]
			out = append(out, trafficRequest(rng, now, buffer, self, other))
		}
	}
	return out
}

func trafficRequest(rng *rand.Rand, now time.Time, m *messageBuffer, self, other record.Peer) *record.Request {
	duration := uint32(rng.ExpFloat64() * 20_000)
	r := &record.Request{
		End: now.Add(-time.Duration(rng.IntN(1_000_000)) * time.Microsecond), Vantage: record.VantageClient, Src: self, Dst: other,
		Proxy: self.ID + "-7d9f8b6c5-x2x9q", LogName: "mesh.request", Route: m.text("/api/v1/" + other.Service + "/items/{id}"),
		Method: m.text([]string{"GET", "GET", "GET", "POST"}[rng.IntN(4)]), Protocol: "http2",
		Cluster:  m.text("outbound|8080||" + other.Service + ".shop.svc.cluster.local"),
		Upstream: m.text(fmt.Sprintf("10.42.%d.%d:8080", rng.IntN(2), rng.IntN(40))),
		Code:     200, GRPCStatus: -1, Outcome: record.OutcomeOK, Details: m.text("via_upstream"), MTLS: record.MTLSMutual,
		Duration: duration, FirstByte: duration * 3 / 4, Attempts: 1,
		RequestBytes: uint64(rng.IntN(400)), ResponseBytes: uint64(rng.ExpFloat64() * 4000),
	}
	if rng.IntN(50) == 0 {
		r.Code, r.Outcome, r.Flags, r.Details, r.Attempts = 503, record.OutcomeOverflow, record.FlagUO, m.text("overflow"), 0
	}
	for i := range 2 {
		putRandom(rng, r.CallID[8*i:])
		putRandom(rng, r.TraceID[8*i:])
	}
	putRandom(rng, r.SpanID[:])
	r.RequestID = m.text(fmt.Sprintf("%x-%x-%x-%x-%x", r.CallID[:4], r.CallID[4:6], r.CallID[6:8], r.CallID[8:10], r.CallID[10:]))
	return r
}

func putRandom(rng *rand.Rand, b []byte) {
	for i, v := 0, rng.Uint64(); i < 8; i++ {
		b[i] = byte(v >> (8 * i))
	}
}

// messageBuffer holds the texts of one message.
type messageBuffer struct{ buf []byte }

// text returns a string over the buffer, at a place of its own.
func (m *messageBuffer) text(s string) string {
	if cap(m.buf)-len(m.buf) < len(s) {
		m.buf = make([]byte, 0, 16<<10)
	}
	begin := len(m.buf)
	m.buf = append(m.buf, s...)
	return borrow(m.buf[begin:])
}
