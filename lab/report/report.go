// Package report is what a lab run leaves behind: one JSON document that holds
// the lab's own exact counts next to what Plimsoll observed, a summary table,
// and a page to look at.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Report is the whole of a run. Field names are a contract: later versions add
// fields and rename none.
type Report struct {
	Scenario  string    `json:"scenario"`
	Seed      uint64    `json:"seed"`
	StartedAt time.Time `json:"started_at"` // time zero of the scenario
	DurationS float64   `json:"duration_s"`

	Phases          []Phase           `json:"phases"`
	Compare         []Comparison      `json:"compare"`
	Truth           Edges             `json:"truth"`
	Observed        Edges             `json:"observed"`
	Witness         Witness           `json:"witness"`
	Telemetry       Telemetry         `json:"telemetry"`
	SLOs            []SLO             `json:"slos"`
	Alerts          []Alert           `json:"alerts"`
	Recommendations []Recommendation  `json:"recommendations"`
	Machine         Machine           `json:"machine"`
	Expectations    []Expectation     `json:"expectations"`
	Events          []Event           `json:"events"`
	Series          []Second          `json:"series"`
	Graph           json.RawMessage   `json:"graph"` // the graph of the first phase, as the API answers it
	Versions        map[string]string `json:"versions"`
}

// Phase is one named stretch of the run, as the load generator saw it.
type Phase struct {
	Name   string  `json:"name"`
	FromS  float64 `json:"from_s"`
	UntilS float64 `json:"until_s"`

	Offered int `json:"offered"` // requests sent
	OK      int `json:"ok"`      // answered 200 within the deadline
	Late    int `json:"late"`    // given up at the deadline
	Failed  int `json:"failed"`  // answered with an error

	Goodput         float64  `json:"goodput"`          // ok ÷ offered
	CapacityGoodput float64  `json:"capacity_goodput"` // the most that the workers could serve ÷ offered
	ErrorRate       float64  `json:"error_rate"`       // (late + failed) ÷ offered
	P50Ms           *float64 `json:"p50_ms"`           // of ok requests, from the scheduled send
	P99Ms           *float64 `json:"p99_ms"`

	// Tries per logical call, over the edge of the mesh that had the most.
	AttemptsPerRequest float64 `json:"attempts_per_request"`
	// Seconds from the start of the phase until goodput was back at 95 % of the
	// first phase's and stayed there for ten seconds (or to the end); null: never.
	RecoveryS *float64 `json:"recovery_s"`
}

// Comparison names two phases that a reader should see side by side: the same
// trouble before and after a change.
type Comparison struct {
	Title  string `json:"title"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Edges is a list of edges, one row per phase and edge.
type Edges struct {
	Edges []Edge `json:"edges"`
}

// Edge counts the logical calls of one phase along one edge.
type Edge struct {
	Phase    string `json:"phase"`
	Src      string `json:"src"`
	Dst      string `json:"dst"`
	Route    string `json:"route"`
	Requests uint64 `json:"requests"`
	Failures uint64 `json:"failures"`
	Attempts uint64 `json:"attempts"`

	Outcomes map[string]uint64 `json:"outcomes,omitempty"`
	P50Ms    *float64          `json:"p50_ms,omitempty"`
	P90Ms    *float64          `json:"p90_ms,omitempty"`
	P99Ms    *float64          `json:"p99_ms,omitempty"`
}

// Key identifies an edge within a phase.
func (e Edge) Key() string { return e.Phase + " " + e.Src + " → " + e.Dst + " " + e.Route }

// Witness compares Plimsoll with what Envoy itself wrote down.
type Witness struct {
	// Differences between truth and observed that no counter explains.
	Unexplained []Difference `json:"unexplained"`
	Explained   []Difference `json:"explained"`
	Bins        []BinCheck   `json:"bins"`
	// Envoy's own counters at the end, per proxy.
	Counters map[string]map[string]float64 `json:"counters"`
}

// Difference is one figure of one edge on which two sources disagree.
type Difference struct {
	Edge     string `json:"edge"`
	Figure   string `json:"figure"` // requests, failures or attempts
	Truth    int64  `json:"truth"`
	Observed int64  `json:"observed"`
	Because  string `json:"because,omitempty"` // the Envoy counter that explains it
}

// BinCheck compares the latency bins of an edge with Envoy's file access log
// and with the stopwatch of the calling application.
type BinCheck struct {
	Edge        string  `json:"edge"`
	Rows        uint64  `json:"rows"`         // rows of the file log
	Bins        int     `json:"bins"`         // bins with rows on either side
	Differing   int     `json:"differing"`    // bins whose counts differ
	StopwatchMs float64 `json:"stopwatch_ms"` // median at the application
	ObservedMs  float64 `json:"observed_ms"`  // median at Plimsoll
	ToleranceMs float64 `json:"tolerance_ms"` // max(bin width, 2 ms)
}

// Telemetry says how much of what the proxies wrote is stored.
type Telemetry struct {
	ALSReceived  uint64   `json:"als_received"` // entries that the collector took
	ALSDropped   uint64   `json:"als_dropped"`  // entries that Envoy says it dropped
	ALSWritten   uint64   `json:"als_written"`  // entries that Envoy says it wrote
	Rows         uint64   `json:"rows"`         // rows stored, requests and tries
	Doubled      uint64   `json:"doubled"`      // rows stored more than once
	Lost         *int64   `json:"lost"`         // written + dropped − rows, of which als_dropped are known to the proxies
	Completeness *float64 `json:"completeness"` // rows ÷ (written + dropped)
	Proxies      []Proxy  `json:"proxies"`
	FirstEdgeS   *float64 `json:"first_edge_s"` // from the start of the lab to the first edge in the graph
}

// Proxy is the telemetry of one proxy.
type Proxy struct {
	Proxy   string `json:"proxy"`   // Envoy's node.id
	Written uint64 `json:"written"` // entries, by its own count
	Dropped uint64 `json:"dropped"`
	Rows    uint64 `json:"rows"` // stored once
	Lost    int64  `json:"lost"` // written + dropped − rows

	// What Plimsoll itself says is lost: between these two; null: it does not know.
	SeenLost *Bounds `json:"seen_lost"`
}

// Bounds are a lowest and a highest value.
type Bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// SLO is an objective at the end of the run.
type SLO struct {
	Name            string   `json:"name"`
	SLI             *float64 `json:"sli"`
	Good            uint64   `json:"good"`
	Total           uint64   `json:"total"`
	BudgetRemaining *float64 `json:"budget_remaining"`
	State           string   `json:"state"`
	// The state at the end of each phase.
	Phases map[string]string `json:"phases"`
}

// Alert is one incident and its delivery to the lab's own receiver.
type Alert struct {
	SLO         string     `json:"slo"`
	Severity    string     `json:"severity"`
	FiredAt     time.Time  `json:"fired_at"`
	ResolvedAt  *time.Time `json:"resolved_at"`
	DeliveredAt *time.Time `json:"delivered_at"` // by Plimsoll's account
	ReceivedAt  *time.Time `json:"received_at"`  // by the receiver's, signature verified
	Tries       uint32     `json:"tries"`
}

// Recommendation is one knob of one plan.
type Recommendation struct {
	Plan        string         `json:"plan"`
	Edge        string         `json:"edge"`
	Knob        string         `json:"knob"`
	Verdict     string         `json:"verdict"`
	Provisional bool           `json:"provisional"`
	From        string         `json:"from"`
	To          string         `json:"to"`
	Reason      string         `json:"reason"`
	Evidence    map[string]any `json:"evidence"`
	PlannedAt   time.Time      `json:"planned_at"`
	AppliedAt   *time.Time     `json:"applied_at"`
}

// Machine says what the machine itself did to the run.
type Machine struct {
	Cores int `json:"cores"`
	// How late a sleeper of the lab woke, worst second's 99th percentile.
	OvershootP99Ms float64 `json:"overshoot_p99_ms"`
	// True when the first phase was disturbed and began again.
	Restarted bool `json:"restarted"`
	// Processor time and peak memory of the lab and all its children.
	CPUSeconds float64 `json:"cpu_s"`
	PeakRSSMiB float64 `json:"peak_rss_mib"`
}

// Expectation is one line of the scenario's expect list, judged.
type Expectation struct {
	Name   string `json:"name"`
	Expr   string `json:"expr"`
	Holds  bool   `json:"holds"`
	Detail string `json:"detail,omitempty"` // the error, or the figures in the expression
}

// Event is something that happened, for the page's time axis.
type Event struct {
	AtS   float64 `json:"at_s"`
	Label string  `json:"label"` // two or three words for a chart
	Text  string  `json:"text"`
}

// Second is one second of the load.
type Second struct {
	AtS             float64  `json:"at_s"`
	Offered         int      `json:"offered"`
	OK              int      `json:"ok"`
	Late            int      `json:"late"`
	Failed          int      `json:"failed"`
	BudgetRemaining *float64 `json:"budget_remaining"`
}

// Holds tells whether every expectation held.
func (r *Report) Holds() bool {
	for _, e := range r.Expectations {
		if !e.Holds {
			return false
		}
	}
	return true
}

// Phase returns the phase with the given name.
func (r *Report) Phase(name string) (Phase, bool) {
	for _, p := range r.Phases {
		if p.Name == name {
			return p, true
		}
	}
	return Phase{}, false
}

// WriteFile writes the report as indented JSON.
func (r *Report) WriteFile(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding report: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	return nil
}
