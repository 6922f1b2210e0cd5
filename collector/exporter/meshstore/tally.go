package meshstore

import (
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
)

// kind is what a record of OTLP became.
type kind uint8

const (
	spanRow kind = iota
	logRow
	requestRow
	attemptRow
	flowRow
	statRow
	edgeRow
	kindCount
)

var kindNames = [kindCount]string{"span", "log", "request", "attempt", "flow", "proxy_stat", "edge_sample"}

// reason is why a record was not stored. The reasons before firstSkip are
// refusals: the record can never be stored as it is. Those from there on are
// what this store does not keep, which is no fault of the sender.
type reason uint8

const (
	noTraceID     reason = iota // a span without trace id
	noSpanID                    // a span without span id
	noTime                      // a span, an access log entry or a data point without its time
	untypedLog                  // an Envoy access log of text only
	badEntry                    // an access log entry that makes no sense
	noDirection                 // an entry that tells neither inbound nor outbound
	inboundTry                  // a try of the server's proxy towards its own application
	noProxy                     // a statistic of a proxy that does not say which it is
	badData                     // a data point that contradicts itself
	tooManySeries               // beyond the cumulative series that are remembered
	firstSkip                   // no reason
	noTraceLog                  // a log record that belongs to no trace
	interimLog                  // an access log entry from the midst of a request
	otherMetric                 // a metric that no table knows
	unusedStat                  // a statistic of Envoy that nothing reads, such as its histograms
	firstPoint                  // the first point of a cumulative series: its growth is not known
	noNews                      // a point that was taken before, or says nothing new
	reasonCount
)

var reasonNames = [reasonCount]string{
	"no_trace_id", "no_span_id", "no_time", "untyped_access_log", "malformed_access_log", "no_direction", "inbound_try",
	"no_proxy", "contradictory", "too_many_series", "",
	"no_trace", "interim", "unknown_metric", "unused_statistic", "first_point", "no_news",
}

// tally counts what one request brought, so that shared counters are touched
// once per request.
type tally struct {
	rows    [kindCount]uint64
	unkept  [reasonCount]uint64
	clamped uint64                // rows whose time was clamped
	capped  [rows.CapCount]uint64 // rows with a name beyond a cap
}

func (t *tally) row(k kind, skew time.Duration) {
	t.rows[k]++
	if skew != 0 {
		t.clamped++
	}
}

func (t *tally) cap(capped rows.Capped) {
	for one := range rows.CapCount {
		if capped.Has(one) {
			t.capped[one]++
		}
	}
}

// stored is how many rows came of the request.
func (t *tally) stored() (n uint64) {
	for _, rows := range t.rows {
		n += rows
	}
	return n
}

// refused is how many records can never be stored.
func (t *tally) refused() (n uint64) {
	for _, records := range t.unkept[:firstSkip] {
		n += records
	}
	return n
}

// refusals lists the reasons with their counts: "no_trace_id 3, no_time 1".
func (t *tally) refusals() string {
	var parts []string
	for r, n := range t.unkept[:firstSkip] {
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%s %d", reasonNames[r], n))
		}
	}
	return strings.Join(parts, ", ")
}
