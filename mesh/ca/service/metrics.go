package service

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// Way is how a caller that got a certificate was known.
type Way string

// The ways.
const (
	ByToken       Way = "token"
	ByCertificate Way = "certificate"
)

// reasonConnection counts connections that ended without a request: no TLS,
// garbage, a handshake given up.
const reasonConnection ca.Reason = "connection"

// Metrics counts what the service did.
type Metrics struct {
	mu      sync.Mutex
	issued  map[Way]uint64
	refused map[ca.Reason]uint64
}

func newMetrics() *Metrics {
	return &Metrics{issued: map[Way]uint64{}, refused: map[ca.Reason]uint64{}}
}

func (m *Metrics) countIssued(w Way) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.issued[w]++
}

func (m *Metrics) countRefused(r ca.Reason) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused[r]++
}

// Issued is how many certificates were issued in that way.
func (m *Metrics) Issued(w Way) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.issued[w]
}

// Refused is how many calls were refused for that reason.
func (m *Metrics) Refused(r ca.Reason) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused[r]
}

// WriteMetrics writes the counters and the end of the roots in Prometheus' text
// format.
func (s *Service) WriteMetrics(w io.Writer) error {
	m, status := s.metrics, s.o.Rotation.Status()
	m.mu.Lock()
	issued, refused := maps.Clone(m.issued), maps.Clone(m.refused)
	m.mu.Unlock()
	out := &printer{w: w}
	out.print("# TYPE plimsoll_ca_issued_total counter\n")
	for _, way := range slices.Sorted(maps.Keys(issued)) {
		out.print("plimsoll_ca_issued_total{by=%q} %d\n", way, issued[way])
	}
	out.print("# TYPE plimsoll_ca_refused_total counter\n")
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		out.print("plimsoll_ca_refused_total{reason=%q} %d\n", reason, refused[reason])
	}
	out.print("# TYPE plimsoll_ca_root_expires_in_seconds gauge\n")
	for _, r := range status.Roots {
		out.print("plimsoll_ca_root_expires_in_seconds{root=%q,signing=\"%t\"} %d\n", r.Pin[:16], r.Signing, r.NotAfter.Sub(s.o.Now())/time.Second)
	}
	out.print("# TYPE plimsoll_ca_agents gauge\nplimsoll_ca_agents %d\n", status.Agents)
	out.print("# TYPE plimsoll_ca_agents_behind gauge\nplimsoll_ca_agents_behind %d\n", len(status.Behind))
	return out.err
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) print(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
