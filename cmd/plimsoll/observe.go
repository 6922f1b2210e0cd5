package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plimsoll-mesh/plimsoll/api/apijson"
	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
)

func newObserveCommand() *cobra.Command {
	since := when{now: time.Now}
	f := &observev1.Filter{}
	req := &observev1.ObserveRequest{Filter: f}
	var slower time.Duration
	cmd := &cobra.Command{
		Use:   "observe",
		Short: "Watch requests as they land, or open one",
		Long: `Print rows of requests as they land, each once, a few seconds after they ended;
first the last ones before. The same call is normally seen by two proxies: VANTAGE
tells which one speaks, and --vantage keeps one of them.

More rows than --max-rate are counted, not printed: a sample of calls is. With
--trace, all that is known about one trace is printed instead.`,
		Example: `  plimsoll observe --from reviews --to ratings --outcome failed
  plimsoll observe --slower-than 300ms --vantage client -o json
  plimsoll observe --follow=false --last 100 --flag UT
  plimsoll observe --trace 4bf92f3577b34da6a3ce929d0e0e4736`,
		Args: cobra.NoArgs,
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	flags := cmd.Flags()
	flags.StringVar(&f.From, "from", "", "only from this caller: a service or a node id")
	flags.StringVar(&f.To, "to", "", "only to this destination, likewise")
	flags.StringVar(&f.Route, "route", "", "only on this route")
	flags.StringSliceVar(&f.Outcomes, "outcome", nil, "only with these outcomes; \"failed\" is all but ok and client_error")
	flags.DurationVar(&slower, "slower-than", 0, "only what took longer")
	flags.StringSliceVar(&f.Flags, "flag", nil, "only with one of these flags of Envoy, such as UT")
	flags.StringSliceVar(&f.Vantages, "vantage", nil, "only as seen by client, server or gateway")
	flags.StringVar(&f.TraceId, "trace", "", "open this trace")
	flags.Uint32Var(&req.Last, "last", 20, "how many of the newest rows to print first")
	flags.Var(&since, "since", "the oldest of them: a time, or a duration before now (default 15m)")
	flags.BoolVarP(&req.Follow, "follow", "f", true, "go on with rows as they land")
	flags.Uint32Var(&req.MaxRate, "max-rate", 100, "rows per second at most")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		if f.TraceId != "" {
			for _, other := range []string{"from", "to", "route", "outcome", "slower-than", "flag", "vantage", "last", "follow", "max-rate"} {
				if flags.Changed(other) {
					return withExit(exitUsage, fmt.Errorf("--trace opens the whole trace: leave --%s out", other))
				}
			}
			return openRequest(cmd.Context(), p, conn, &observev1.OpenRequestRequest{TraceId: f.TraceId, From: since.proto()})
		}
		req.Since = since.proto()
		if slower > 0 {
			f.SlowerThan = durationpb.New(slower)
		}
		return observe(cmd.Context(), p, conn, req)
	}
	cmd.AddCommand(newObserveRequestCommand())
	return cmd
}

func newObserveRequestCommand() *cobra.Command {
	since := when{now: time.Now}
	cmd := &cobra.Command{
		Use:   "request CALL_ID",
		Short: "Open one call: its tries, timing, spans, logs, and the configuration in force",
		Long: `Print all that is known about one call: what each proxy saw, every upstream try,
their moments in one line of time, spans and logs of its trace, and the
configuration that was in force. CALL_ID is the UUID in x-mesh-call; a text that
is none is taken for a request id.`,
		Example: `  plimsoll observe request 5c0a1f64-94b6-4f0c-9d8e-0b6a3c1f2d47
  plimsoll observe request 5c0a1f64-94b6-4f0c-9d8e-0b6a3c1f2d47 --since 24h -o json`,
		Args: cobra.ExactArgs(1),
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	cmd.Flags().Var(&since, "since", "look from here on: a time, or a duration before now (default 1h)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		req := &observev1.OpenRequestRequest{CallId: args[0], From: since.proto()}
		if !isCallID(args[0]) {
			req.CallId, req.RequestId = "", args[0]
		}
		return openRequest(cmd.Context(), p, conn, req)
	}
	return cmd
}

func isCallID(text string) bool {
	digits := strings.ReplaceAll(text, "-", "")
	return len(digits) == 32 && strings.Trim(strings.ToLower(digits), "0123456789abcdef") == ""
}

// observe prints a stream until it ends or the person leaves.
func observe(ctx context.Context, p *printer, conn *connection, req *observev1.ObserveRequest) error {
	c, err := conn.services()
	if err != nil {
		return err
	}
	call := connect.NewRequest(req)
	if err := conn.authorize(call.Header()); err != nil {
		return err
	}
	answers, err := c.observe.Observe(ctx, call)
	if err != nil {
		return conn.explain(err)
	}
	defer func() { _ = answers.Close() }()
	out := &rowWriter{printer: p}
	for answers.Receive() {
		if err := out.write(answers.Msg()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil // the person stopped watching
	}
	if err := answers.Err(); err != nil {
		return conn.explain(err)
	}
	if out.rows == 0 && !req.Follow {
		p.note("No requests match.")
	}
	return nil
}

// rowWriter prints the rows of a stream in lines of their own. Columns have fixed
// widths, since what is still to come is not known.
type rowWriter struct {
	*printer
	rows   int
	reason string
}

const (
	rowFormat  = "%-24s  %-7s  %-20s  %-20s  %-16s  %-6s  %4s  %-15s  %9s  %3s  %-8s"
	wideFormat = "  %-36s  %-32s  %-14s  %s"
)

func (w *rowWriter) write(m *observev1.ObserveResponse) error {
	switch event := m.Event.(type) {
	case *observev1.ObserveResponse_Row:
		return w.row(event.Row)
	case *observev1.ObserveResponse_Skipped:
		s := event.Skipped
		w.note("%d more not shown, which completed from %s to %s: filter, or raise --max-rate.", s.Rows, timeCell(s.From), timeCell(s.To))
	case *observev1.ObserveResponse_Progress:
		if reason := clean(event.Progress.Reason); reason != w.reason {
			w.reason = reason
			w.note("%s", reason)
		}
	}
	return nil
}

func (w *rowWriter) row(r *observev1.RequestRow) error {
	w.rows++
	switch w.format {
	case formatJSON:
		text, err := apijson.Marshal(r)
		return w.write1(strings.TrimSpace(string(text)), err)
	case formatYAML:
		text, err := marshalYAML(r)
		return w.write1("---\n"+strings.TrimSpace(string(text)), err)
	case formatName:
		return w.write1(clean(firstOf(r.CallId, r.RequestId, r.TraceId, "-")), nil)
	}
	if w.rows == 1 {
		if err := w.line("TIME", "VANTAGE", "FROM", "TO", "ROUTE", "METHOD", "CODE", "OUTCOME", "MS", "TRY", "FLAGS", "CALL", "TRACE", "UPSTREAM", "DETAILS"); err != nil {
			return err
		}
	}
	flags := strings.Join(r.Flags, ",")
	if r.Late {
		flags = strings.TrimPrefix(flags+" (late)", " ")
	}
	return w.line(r.At.AsTime().Format("2006-01-02T15:04:05.000Z"), r.Vantage, firstOf(r.SrcService, r.Src), firstOf(r.DstService, r.Dst), r.Route, r.Method,
		fmt.Sprint(r.Code), r.Outcome, decimalCell(float64(r.DurationUs)/1000, 1), fmt.Sprint(r.Attempts), flags,
		r.CallId, r.TraceId, r.Upstream, r.Details)
}

// line prints cells, those of the wide format last.
func (w *rowWriter) line(cells ...string) error {
	args := make([]any, len(cells))
	for i, c := range cells {
		args[i] = firstOf(clean(c), "-")
	}
	text := fmt.Sprintf(rowFormat, args[:11]...)
	if w.format == formatWide {
		text += fmt.Sprintf(wideFormat, args[11:]...)
	}
	return w.write1(strings.TrimRight(text, " "), nil)
}

func (w *rowWriter) write1(text string, err error) error {
	if err != nil {
		return err
	}
	_, err = io.WriteString(w.out, text+"\n")
	return err
}

// openRequest prints one call or trace.
func openRequest(ctx context.Context, p *printer, conn *connection, req *observev1.OpenRequestRequest) error {
	c, err := conn.services()
	if err != nil {
		return err
	}
	answer, err := c.observe.OpenRequest(ctx, connect.NewRequest(req))
	if err != nil {
		return conn.explain(err)
	}
	a := answer.Msg
	if p.forPeople() {
		for _, n := range a.Notes {
			p.note("Note: %s.", clean(n))
		}
	}
	r := result{message: a, tables: []table{requestTable(a), tryTable(a), momentTable(a), spanTable(a), logTable(a), configTable(a)}}
	for _, row := range a.Requests {
		if name := firstOf(row.CallId, row.RequestId, row.TraceId); !slices.Contains(r.names, name) {
			r.names = append(r.names, name)
		}
	}
	return p.print(r)
}
