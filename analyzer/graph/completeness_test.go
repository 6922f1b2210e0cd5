package graph

import (
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

func TestCompletenessOfNodes(t *testing.T) {
	known := func(node string, ratio float64) query.ProxyCompleteness {
		return query.ProxyCompleteness{Node: node, Ratio: &query.Interval{Low: ratio / 2, Estimate: ratio, High: 1}}
	}
	without := func(node, reason string) query.ProxyCompleteness {
		return query.ProxyCompleteness{Node: node, Reason: reason}
	}
	for name, tc := range map[string]struct {
		in   []query.ProxyCompleteness
		want completeness
	}{
		"none":                   {nil, completeness{}},
		"one":                    {[]query.ProxyCompleteness{known("a", 1)}, completeness{"a": 1}},
		"the least of a node":    {[]query.ProxyCompleteness{known("a", 0.9), known("a", 0.5), known("b", 0.8), known("a", 1)}, completeness{"a": 0.5, "b": 0.8}},
		"nothing arrived":        {[]query.ProxyCompleteness{known("a", 1), known("a", 0)}, completeness{"a": 0}},
		"an idle one beside":     {[]query.ProxyCompleteness{known("a", 0.9), without("a", query.NoEntries)}, completeness{"a": 0.9}},
		"an unknown one beside":  {[]query.ProxyCompleteness{without("a", query.OneScrape), known("a", 0.9)}, completeness{}},
		"idle only":              {[]query.ProxyCompleteness{without("a", query.NoEntries)}, completeness{}},
		"a proxy without a node": {[]query.ProxyCompleteness{known("", 0.9), without("", query.NoCounters), known("b", 1)}, completeness{"b": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, completenessOf(tc.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompletenessOfEdges(t *testing.T) {
	c := completeness{"caller": 0.5, "callee": 0.75}
	text := func(p *float64) string {
		if p == nil {
			return "unknown"
		}
		return fmt.Sprint(*p)
	}
	for v, want := range map[record.Vantage]string{
		record.VantageClient: "0.5", record.VantageGateway: "0.5", record.VantageL4Client: "0.5",
		record.VantageServer: "0.75", record.VantageL4Server: "0.75",
	} {
		if got := text(c.of(pair{"caller", "callee"}, v)); got != want {
			t.Errorf("%s: %s, want %s", v, got, want)
		}
	}
	if got := text(c.of(pair{"other", "callee"}, record.VantageClient)); got != "unknown" {
		t.Errorf("of an edge whose caller is not known: %s", got)
	}
}

// TestAnswerTellsCompleteness stores what one proxy wrote and what was
// received of it.
func TestAnswerTellsCompleteness(t *testing.T) {
	reader, writer := openStore(t)
	start := recently()
	caller, silent := record.WorkloadID("m", "local", "default", "web"), record.WorkloadID("m", "local", "default", "ratings")
	callee := record.WorkloadID("m", "local", "default", "reviews")
	for _, src := range []string{caller, silent} {
		insert(t, writer, []record.Request{{
			End: start.Add(5 * time.Second), Vantage: record.VantageClient, Src: record.Peer{ID: src}, Dst: record.Peer{ID: callee},
			Route: "r", Outcome: record.OutcomeOK, Attempts: 1,
		}})
	}
	for second, counts := range map[int][2]int{0: {100, 10}, 2: {100, 10}, 9: {100, 10}, 18: {120, 40}, 20: {120, 40}, 30: {120, 40}} {
		exec := fmt.Sprintf(`INSERT INTO heartbeats_in (ts, collector, proxy, requests, attempts)
			SELECT fromUnixTimestamp64Micro(%d), 'c1', 'p1', %d, %d`, start.UnixMicro()+int64(second)*1e6, counts[0], counts[1])
		if err := writer.Exec(t.Context(), exec); err != nil {
			t.Fatal(err)
		}
	}
	for second, total := range map[int]int{0: 1000, 20: 1200} {
		exec := fmt.Sprintf(`INSERT INTO proxy_stats_in (ts, proxy, node, scope, object, name, value, total)
			SELECT fromUnixTimestamp64Micro(%d), 'p1', '%s', 'log', 'grpc_access_log', 'logs_written', 0, %d`,
			start.UnixMicro()+int64(second)*1e6, caller, total)
		if err := writer.Exec(t.Context(), exec); err != nil {
			t.Fatal(err)
		}
	}
	now := start.Add(time.Minute)
	heartbeat(t, writer, now, now)
	answer, err := New(reader, func() time.Time { return now }).GetGraph(t.Context(), connect.NewRequest(&graphv1.GetGraphRequest{
		From: timestamppb.New(start), To: timestamppb.New(start.Add(30 * time.Second)),
	}))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range answer.Msg.GetEdges() {
		got[e.GetSrc()] = "unknown"
		if e.Completeness != nil {
			got[e.GetSrc()] = fmt.Sprint(e.GetCompleteness())
		}
	}
	if diff := cmp.Diff(map[string]string{caller: "0.25", silent: "unknown"}, got); diff != "" {
		t.Error(diff)
	}
}
