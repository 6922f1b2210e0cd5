package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

func newGraphCommand() *cobra.Command {
	from, to := when{now: time.Now}, when{now: time.Now}
	var window time.Duration
	req := &graphv1.GetGraphRequest{}
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Show who calls whom, and how it goes",
		Long: `Show the edges of the mesh: who calls whom, how often, with which errors and
latencies. The window ends at the watermark, up to which all rows are stored; when
no collector has moved it lately, a note says so.

Each edge is seen from the caller's proxy where that one reports (logical
requests), else from the server's (tries). What arrived at the server on routes
that its caller does not know is one edge "~unmatched" without requests. Columns
whose figure is not known show "-". Failures are all outcomes but ok and client
errors.`,
		Example: `  plimsoll graph
  plimsoll graph --window 5m --service reviews -o wide
  plimsoll graph --from 2026-03-01T12:00:00Z --to 2026-03-01T12:05:00Z -o json`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newGraphDiffCommand())
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	flags := cmd.Flags()
	flags.Var(&from, "from", "start of the window: a time, or a duration before now")
	flags.Var(&to, "to", "end of the window, likewise (default the watermark)")
	flags.DurationVar(&window, "window", 0, "length of the window (default 1m)")
	flags.StringVarP(&req.Namespace, "namespace", "n", "", "only edges that touch this namespace")
	flags.StringVar(&req.Service, "service", "", "only edges that touch this service")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		req.From, req.To, req.Window = from.proto(), to.proto(), optionalDuration(window)
		answer, err := c.graph.GetGraph(cmd.Context(), connect.NewRequest(req))
		if err != nil {
			return conn.explain(err)
		}
		noteEnd(p, req, answer.Msg.Window, time.Now())
		return printGraph(p, answer.Msg)
	}
	return cmd
}

// noteEnd says why the answer ends where it does, if that is the watermark: it
// stands still since a while, or a later end was asked for.
func noteEnd(p *printer, req *graphv1.GetGraphRequest, w *typesv1.Window, now time.Time) {
	end := w.GetTo().AsTime()
	if end.Before(w.GetWatermark().AsTime()) {
		return
	}
	if age := now.Sub(end); age > query.Live {
		p.note("Rows end at %s, %s ago, and no collector has brought newer ones: ask \"plimsoll doctor\".",
			timeCell(w.GetTo()), age.Round(time.Second))
	} else if asked := req.GetTo(); asked != nil && asked.AsTime().After(end) {
		p.note("Rows are complete up to %s only: the window ends there.", timeCell(w.GetTo()))
	}
}

func printGraph(p *printer, g *graphv1.GetGraphResponse) error {
	r := result{
		message: g,
		empty:   "No traffic from " + windowText(g.Window) + ".",
		tables:  []table{graphTable(g, p.format == formatWide)},
	}
	for _, e := range g.Edges {
		r.names = append(r.names, strings.Join([]string{e.Src, e.Dst, e.Route}, " "))
	}
	if len(g.Edges) > 0 && p.forPeople() {
		p.note("Window %s.", windowText(g.Window))
	}
	return p.print(r)
}

func graphTable(g *graphv1.GetGraphResponse, wide bool) table {
	t := table{columns: []column{
		textColumn("SRC"), textColumn("DST"), textColumn("ROUTE"), textColumn("VANTAGE"),
		numberColumn("REQ"), numberColumn("RATE/S"), numberColumn("ERR%"),
		numberColumn("P50_MS"), numberColumn("P90_MS"), numberColumn("P99_MS"), numberColumn("ATTEMPTS"),
		numberColumn("ARRIVALS").onlyWide(), numberColumn("FAILURES").onlyWide(), textColumn("UNIT").onlyWide(),
		textColumn("PROTOCOL").onlyWide(), numberColumn("MTLS%").onlyWide(), textColumn("OUTCOMES").onlyWide(),
	}}
	name := func(id string) string { return id }
	if !wide {
		name = shortNames(g.Nodes)
	}
	for _, e := range g.Edges {
		q := e.GetLatencyMs()
		t.add(name(e.Src), name(e.Dst), clean(e.Route), e.Vantage,
			countCell(e.Requests), decimalCell(e.Rate, 1), percentCell(e.ErrorRatio, 2),
			figureCell(q.GetP50()), figureCell(q.GetP90()), figureCell(q.GetP99()), countCell(e.Attempts),
			countCell(e.Arrivals), countCell(e.Failures), e.Unit, e.Protocol, percentCell(e.Mtls, 0), outcomesCell(e.Outcomes))
	}
	return t
}

// figureCell writes the estimate in milliseconds; nil is unknown.
func figureCell(f *typesv1.Figure) string {
	if f == nil {
		return ""
	}
	return decimalCell(f.Estimate, 1)
}

// outcomesCell writes "ok=10,timeout=2", most frequent first.
func outcomesCell(outcomes map[string]uint64) string {
	keys := slices.SortedFunc(maps.Keys(outcomes), func(a, b string) int {
		return cmp.Or(cmp.Compare(outcomes[b], outcomes[a]), strings.Compare(a, b))
	})
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = fmt.Sprintf("%s=%d", k, outcomes[k])
	}
	return strings.Join(parts, ",")
}

// shortNames returns a function that writes a node by its workload, or by
// "~service" where only that is known, as long as no other node is called so.
func shortNames(nodes []*graphv1.Node) func(id string) string {
	short, taken := map[string]string{}, map[string]int{}
	for _, n := range nodes {
		name := n.Workload
		if name == "" && n.Mesh != "" {
			name = "~" + n.Service
		}
		if name == "" {
			name = n.Id
		}
		short[n.Id] = name
		taken[name]++
	}
	return func(id string) string {
		if name := short[id]; name != "" && taken[name] == 1 {
			return clean(name)
		}
		return clean(id)
	}
}
