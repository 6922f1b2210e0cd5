package run

import (
	"context"
	"fmt"
	"strings"
	"time"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/load"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

// addWitness compares what Plimsoll says with what Envoy wrote down, for the
// phases at whose ends nothing was in flight.
func (a *assembler) addWitness(ctx context.Context, r *report.Report) error {
	w := &r.Witness
	*w = report.Witness{
		Unexplained: []report.Difference{}, Explained: []report.Difference{}, Bins: []report.BinCheck{},
		Counters: map[string]map[string]float64{},
	}
	for node, s := range a.apps.stats(ctx) {
		w.Counters[node] = telling(s)
	}
	for i, p := range a.opts.Scenario.Phases {
		if !a.driver.clock.quiet(i) {
			continue
		}
		explained, unexplained := compare(inPhase(r.Truth.Edges, p.Name), inPhase(r.Observed.Edges, p.Name), a.growth(i))
		w.Explained = append(w.Explained, explained...)
		w.Unexplained = append(w.Unexplained, unexplained...)
		if err := a.addBins(i, r); err != nil {
			return err
		}
	}
	return nil
}

// growth returns how the caller's counters of an edge grew in the i-th phase.
func (a *assembler) growth(i int) func(report.Edge) witness.Stats {
	before, after := a.drive.counters[i], a.drive.counters[i+1]
	return func(e report.Edge) witness.Stats {
		return ofService(after[e.Src].Sub(before[e.Src]), a.serviceOf(e.Dst))
	}
}

// ofService keeps the counters of the clusters of one service: its subsets and
// the whole of it (envoyconf.ClusterStats).
func ofService(s witness.Stats, service string) witness.Stats {
	part := ";" + service + "_" + scenario.Namespace + "."
	kept := witness.Stats{}
	for name, v := range s {
		if strings.HasPrefix(name, "cluster.outbound;") && strings.Contains(name, part) {
			kept[name] = v
		}
	}
	return kept
}

// telling keeps the counters that tell of the mesh's calls.
func telling(s witness.Stats) map[string]float64 {
	kept := map[string]float64{}
	for name, v := range s {
		if v != 0 && (strings.HasPrefix(name, "access_logs.") || strings.HasPrefix(name, "cluster.outbound") && strings.Contains(name, ".upstream_rq")) {
			kept[name] = v
		}
	}
	return kept
}

func inPhase(edges []report.Edge, phase string) []report.Edge {
	var list []report.Edge
	for _, e := range edges {
		if e.Phase == phase {
			list = append(list, e)
		}
	}
	return list
}

// addBins checks the latency bins of every edge of the i-th phase.
func (a *assembler) addBins(i int, r *report.Report) error {
	from, until := a.driver.clock.window(i)
	logged, err := a.loggedDurations(from, until)
	if err != nil {
		return err
	}
	for _, e := range a.graphs[i].GetEdges() {
		key := report.Edge{Phase: a.opts.Scenario.Phases[i].Name, Src: e.GetSrc(), Dst: e.GetDst(), Route: e.GetRoute()}
		bins := binsOf(e)
		check := checkBins(key.Key(), bins, logged[edgeName(e.GetSrc(), e.GetDst(), e.GetRoute())])
		a.addStopwatch(&check, key, e, bins)
		r.Witness.Bins = append(r.Witness.Bins, check)
	}
	return nil
}

// addStopwatch adds the median that the calling application measured.
func (a *assembler) addStopwatch(check *report.BinCheck, key report.Edge, e *graphv1.Edge, bins []bin) {
	check.ObservedMs = e.GetLatencyMs().GetP50().GetEstimate()
	for _, t := range a.account.Edges {
		if t.Phase == key.Phase && t.Src == key.Src && t.Dst == key.Dst && t.Route == key.Route {
			check.StopwatchMs = float64(load.Quantile(t.Latencies, 0.5)) / 1000
		}
	}
	check.ToleranceMs = stopwatchTolerance(bins, check.ObservedMs*1000)
}

func binsOf(e *graphv1.Edge) []bin {
	var list []bin
	for _, b := range e.GetLatencyBins() {
		list = append(list, bin{low: b.GetLowUs(), high: b.GetHighUs(), requests: b.GetRequests()})
	}
	return list
}

func edgeName(src, dst, route string) string { return src + "|" + dst + "|" + route }

// loggedDurations reads the file logs of all proxies: durations in µs by edge,
// calls of others by the caller's proxy, calls of users by the callee's.
func (a *assembler) loggedDurations(from, until time.Time) (map[string][]int64, error) {
	all := map[string][]int64{}
	for _, p := range a.apps.pairs {
		rows, err := witness.ReadLog(p.paths.RequestLog, from, until)
		if err != nil {
			return nil, fmt.Errorf("comparing with the log of %s: %w", p.model.Name, err)
		}
		for _, row := range rows {
			name, ok := a.loggedEdge(p, row)
			if ok {
				all[name] = append(all[name], row.Duration.Microseconds())
			}
		}
	}
	return all, nil
}

// loggedEdge names the edge of a row; rows of the callee's proxy about callers
// that have a proxy of their own are the same calls again.
func (a *assembler) loggedEdge(p *pair, row witness.LogRow) (string, bool) {
	if row.Direction == "inbound" {
		return edgeName(load.Node, p.node, row.Route), row.Peer == ""
	}
	for _, callee := range a.apps.pairs {
		if callee.model.Name == row.Workload {
			return edgeName(p.node, callee.node, row.Route), true
		}
	}
	base := strings.TrimSuffix(p.node, p.model.Name)
	return edgeName(p.node, base+"~"+row.Service, row.Route), row.Service != ""
}
