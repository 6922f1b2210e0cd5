package main

import (
	"context"
	"fmt"
	"os"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/run"
)

func newDoctorCommand() *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what keeps Plimsoll from working, and say what to do",
		Long: `Look for what keeps Plimsoll from working, and say what to do.

Checks PLM101 and up look at this machine: are the tools there, does an analyzer
answer. The others are the analyzer's own: store, watermark, collectors, proxies,
mesh. The exit code is 79 when any check finds something, whatever the format.`,
		Args: cobra.NoArgs,
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	cmd.Flags().BoolVar(&offline, "offline", false, "look at this machine only")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		executable, err := os.Executable()
		if err != nil {
			return fmt.Errorf("finding this program: %w", err)
		}
		found := &statusv1.GetStatusResponse{Checks: checkTools(executable)}
		if !offline {
			askAnalyzer(cmd.Context(), conn, found)
		}
		if err := p.print(doctorResult(found)); err != nil {
			return err
		}
		return findings(found.Checks)
	}
	return cmd
}

// checkTools looks for the programs that the demo and the embedded store need.
func checkTools(executable string) []*statusv1.Check {
	return []*statusv1.Check{
		checkTool("PLM101", "embedded ClickHouse", run.LibraryEnv, "libchdb.so", executable,
			"without it, use a ClickHouse of your own: the embedded store, the demo and the lab do not run"),
		checkTool("PLM102", "Envoy", run.EnvoyEnv, "envoy", executable,
			"without it, the demo and the lab do not run; everything else does"),
	}
}

// checkTool looks for one file. The error of a missing one says how to get it,
// the hint what does without.
func checkTool(code, name, env, file, executable, without string) *statusv1.Check {
	c := &statusv1.Check{Code: code, Name: name}
	path, err := run.FindTool("", env, file, executable)
	if err != nil {
		c.Result, c.Detail, c.Hint = "warning", err.Error(), without
		return c
	}
	c.Result, c.Detail = "ok", path
	return c
}

// askAnalyzer adds the analyzer's own checks, or the finding that it does not
// answer.
func askAnalyzer(ctx context.Context, conn *connection, found *statusv1.GetStatusResponse) {
	reach := &statusv1.Check{Code: "PLM103", Name: "analyzer answers", Result: "ok", Detail: conn.address()}
	found.Checks = append(found.Checks, reach)
	c, err := conn.dial()
	if err == nil {
		var answer *connect.Response[statusv1.GetStatusResponse]
		answer, err = c.status.GetStatus(ctx, connect.NewRequest(&statusv1.GetStatusRequest{}))
		if err == nil {
			found.Version, found.Watermark, found.Proxies = answer.Msg.Version, answer.Msg.Watermark, answer.Msg.Proxies
			found.Checks = append(found.Checks, answer.Msg.Checks...)
			return
		}
	}
	reach.Result, reach.Detail = "error", conn.explain(err).Error()
	reach.Hint = "\"plimsoll demo --keep\" runs one to look at; --offline leaves this check out"
}

func doctorResult(found *statusv1.GetStatusResponse) result {
	checks := table{columns: []column{textColumn("RESULT"), textColumn("CODE"), textColumn("CHECK"), textColumn("DETAIL"), textColumn("HINT")}}
	r := result{message: found, empty: "Nothing was found."}
	for _, c := range found.Checks {
		checks.add(c.Result, c.Code, c.Name, clean(c.Detail), clean(c.Hint))
		r.names = append(r.names, c.Code)
	}
	proxies := table{columns: []column{
		textColumn("PROXY"), textColumn("COLLECTOR"), textColumn("LAST_SEEN"), numberColumn("REQUESTS"), numberColumn("ATTEMPTS"),
	}}
	for _, p := range found.Proxies {
		proxies.add(clean(p.Proxy), clean(p.Collector), timeCell(p.LastSeen), countCell(p.Requests), countCell(p.Attempts))
	}
	r.tables = []table{checks}
	if len(found.Proxies) > 0 {
		r.tables = append(r.tables, proxies)
	}
	return r
}

// findings is the error of checks that are not all ok.
func findings(checks []*statusv1.Check) error {
	n := 0
	for _, c := range checks {
		if c.Result != "ok" {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return withExit(exitFindings, fmt.Errorf("%d of %d checks found something", n, len(checks)))
}
