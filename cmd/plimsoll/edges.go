package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

// edgeFlags are the flags that edges and top share: which edges are shown, and
// how they are grouped.
type edgeFlags struct {
	req    graphv1.GetGraphRequest
	within []time.Duration
}

func addGraphFlags(cmd *cobra.Command, limit uint32) *edgeFlags {
	f := &edgeFlags{}
	flags := cmd.Flags()
	flags.StringVarP(&f.req.Namespace, "namespace", "n", "", "only edges that touch this namespace")
	flags.StringVar(&f.req.Service, "service", "", "only edges that touch this service")
	flags.Uint32Var(&f.req.Depth, "depth", 0, "hops from --service that are shown (default 1)")
	flags.BoolVar(&f.req.ErrorsOnly, "errors-only", false, "only edges with failures")
	flags.Uint32Var(&f.req.Limit, "limit", limit, "how many edges, those with most --rank first; 0 for all")
	flags.StringVar(&f.req.RankBy, "rank", "requests", "what --limit ranks by: requests or failures")
	flags.StringVar(&f.req.GroupBy, "group-by", "workload", "what a node is: workload, service, version, namespace, cluster, mesh")
	flags.DurationSliceVar(&f.within, "within", nil, "show the share of requests that took at most this, such as 25ms; may be repeated")
	return f
}

// request returns what to ask the analyzer for.
func (f *edgeFlags) request() (*graphv1.GetGraphRequest, error) {
	f.req.WithinUs = nil
	for _, d := range f.within {
		if d < time.Microsecond || d > time.Hour {
			return nil, withExit(exitUsage, fmt.Errorf("--within %s is not between 1µs and 1h", d))
		}
		f.req.WithinUs = append(f.req.WithinUs, uint32(d.Microseconds()))
	}
	return &f.req, nil
}

func newEdgesCommand() *cobra.Command {
	from, to := when{now: time.Now}, when{now: time.Now}
	var window time.Duration
	cmd := &cobra.Command{
		Use:   "edges",
		Short: "Show all that is known of each edge",
		Long: `Show the edges of a window with their error ratio by vantage, latency up to
p99.9, share within a threshold, bytes, mutual TLS, amplification, timeouts and
completeness.

A --within of at most two significant digits (25ms, 300ms, 1s) is exact; other
thresholds show the bounds of what is certain. "plimsoll graph" has the same
edges in fewer columns.`,
		Example: `  plimsoll edges --within 25ms --within 300ms
  plimsoll edges --service reviews --depth 2 --errors-only
  plimsoll edges --group-by namespace --from 2026-03-01T12:00:00Z --window 10m`,
		Args: cobra.NoArgs,
	}
	p, conn, edges := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer"), addGraphFlags(cmd, 0)
	flags := cmd.Flags()
	flags.Var(&from, "from", "start of the window: a time, or a duration before now")
	flags.Var(&to, "to", "end of the window, likewise (default the watermark)")
	flags.DurationVar(&window, "window", 0, "length of the window (default 1m)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		req, err := edges.request()
		if err != nil {
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
		return printEdges(p, req, answer.Msg)
	}
	return cmd
}

func printEdges(p *printer, req *graphv1.GetGraphRequest, g *graphv1.GetGraphResponse) error {
	r := result{
		message: g,
		empty:   "No traffic from " + windowText(g.Window) + ".",
		tables:  []table{edgesTable(req, g, p.format == formatWide)},
	}
	for _, e := range g.Edges {
		r.names = append(r.names, strings.Join([]string{e.Src, e.Dst, e.Route}, " "))
	}
	if len(g.Edges) > 0 && p.forPeople() {
		p.note("Window %s.", windowText(g.Window))
	}
	if err := p.print(r); err != nil {
		return err
	}
	if g.EdgesLeftOut > 0 && p.forPeople() {
		p.note("%d more edges are not shown: raise --limit, or narrow by --service or --namespace.", g.EdgesLeftOut)
	}
	return nil
}

func edgesTable(req *graphv1.GetGraphRequest, g *graphv1.GetGraphResponse, wide bool) table {
	t := table{columns: []column{
		textColumn("SRC"), textColumn("DST"), textColumn("ROUTE"), textColumn("VANTAGE"),
		numberColumn("REQ"), numberColumn("RATE/S"), numberColumn("ERR%_CLIENT"), numberColumn("ERR%_SERVER"),
		numberColumn("P50_MS"), numberColumn("P90_MS"), numberColumn("P99_MS"), numberColumn("P99.9_MS"),
		numberColumn("AMP"), numberColumn("TIMEOUTS"),
		numberColumn("MTLS%").onlyWide(), numberColumn("SENT_B").onlyWide(), numberColumn("RECEIVED_B").onlyWide(),
		numberColumn("COMPLETE%").onlyWide(), textColumn("FIRST_SEEN").onlyWide(), textColumn("LAST_SEEN").onlyWide(),
		textColumn("OUTCOMES").onlyWide(),
	}}
	for _, us := range req.WithinUs {
		t.columns = append(t.columns, numberColumn("<="+(time.Duration(us)*time.Microsecond).String()+"%"))
	}
	name := clean
	if !wide {
		name = shortNames(g.Nodes)
	}
	for _, e := range g.Edges {
		q := e.GetLatencyMs()
		cells := []string{
			name(e.Src), name(e.Dst), clean(e.Route), e.Vantage,
			countCell(e.Requests), decimalCell(e.Rate, 1), percentCell(errorsSeenBy(e, "client"), 2), percentCell(errorsSeenBy(e, "server"), 2),
			figureCell(q.GetP50()), figureCell(q.GetP90()), figureCell(q.GetP99()), figureCell(q.GetP999()),
			ratioCell(e.Amplification), countCell(e.Timeouts),
			percentCell(e.Mtls, 0), countCell(e.RequestBytes), countCell(e.ResponseBytes),
			percentCell(e.Completeness, 1), timeCell(e.FirstSeen), timeCell(e.LastSeen), outcomesCell(e.Outcomes),
		}
		for i := range req.WithinUs {
			cells = append(cells, withinCell(e, i))
		}
		t.add(cells...)
	}
	return t
}

// errorsSeenBy returns the error ratio of a vantage, nil where it saw nothing.
func errorsSeenBy(e *graphv1.Edge, vantage string) *float64 {
	for _, s := range e.Sources {
		if s.Vantage == vantage {
			return s.ErrorRatio
		}
	}
	return nil
}

// withinCell writes a share in percent: one number where it is exact, else the
// two that it lies between.
func withinCell(e *graphv1.Edge, i int) string {
	if i >= len(e.Within) || e.Within[i].Share == nil {
		return ""
	}
	s := e.Within[i].Share
	if s.Low == s.High {
		return decimalCell(s.Estimate*100, 2)
	}
	return decimalCell(s.Low*100, 2) + ".." + decimalCell(s.High*100, 2)
}

func ratioCell(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', 2, 64)
}
