package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/run"
)

// examine looks at everything and prints what was found.
func (d *doctor) examine(ctx context.Context) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	r := &statusv1.DoctorReport{Checks: checkTools(executable)}
	var away error
	if !d.offline {
		away = d.askAnalyzer(ctx, r)
	}
	r.Findings = append(checkFindings(r.Checks), r.Findings...)
	if err := d.printer.print(doctorResult(r)); err != nil {
		return err
	}
	if away != nil {
		return away
	}
	return conclude(r.Findings)
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

// askAnalyzer adds the analyzer's checks, or the finding that it does not
// answer, and then what it says of completeness. The error is that of an
// analyzer or a store that is away.
func (d *doctor) askAnalyzer(ctx context.Context, r *statusv1.DoctorReport) error {
	reach := &statusv1.Check{Code: "PLM103", Name: "analyzer answers", Result: "ok", Detail: d.conn.address()}
	r.Checks = append(r.Checks, reach)
	c, err := d.conn.dial()
	if err == nil {
		var answer *connect.Response[statusv1.GetStatusResponse]
		if answer, err = c.status.GetStatus(ctx, connect.NewRequest(&statusv1.GetStatusRequest{})); err == nil {
			r.Version, r.Watermark, r.Proxies = answer.Msg.Version, answer.Msg.Watermark, answer.Msg.Proxies
			r.Checks = append(r.Checks, answer.Msg.Checks...)
			return d.askMore(ctx, c, r)
		}
	}
	err = d.conn.explain(err)
	reach.Result, reach.Detail = "error", err.Error()
	reach.Hint = "\"plimsoll demo --keep\" runs one to look at; --offline leaves this check out"
	if exitCode(err) == exitUnavailable {
		return withExit(exitUnavailable, errors.New("the analyzer does not answer"))
	}
	return nil
}

// askMore asks what needs a store with tables.
func (d *doctor) askMore(ctx context.Context, c *client, r *statusv1.DoctorReport) error {
	for _, check := range r.Checks {
		switch {
		case check.Code == "PLM001" && check.Result != "ok":
			return withExit(exitUnavailable, errors.New("the store does not answer"))
		case check.Code == "PLM002" && check.Result == "error":
			return nil
		}
	}
	for _, ask := range []func(context.Context, *client, *statusv1.DoctorReport) error{d.askProxies, d.askCollectors, d.askTables} {
		if err := ask(ctx, c, r); err != nil {
			return d.conn.explain(err)
		}
	}
	return nil
}

func (d *doctor) progress(text string, args ...any) {
	if d.printer.forPeople() {
		d.printer.note(text, args...)
	}
}

// askProxies reads all pages, each for the window of the first.
func (d *doctor) askProxies(ctx context.Context, c *client, r *statusv1.DoctorReport) error {
	d.progress("Comparing the counters of proxies with their rows over %s …", d.window)
	req := &statusv1.ListProxyAccountsRequest{Window: durationpb.New(d.window)}
	for {
		answer, err := c.status.ListProxyAccounts(ctx, connect.NewRequest(req))
		if err != nil {
			return err
		}
		r.Findings = append(r.Findings, answer.Msg.Findings...)
		r.Accounts = append(r.Accounts, answer.Msg.Accounts...)
		r.Window = answer.Msg.Window
		if answer.Msg.NextPageToken == "" {
			return nil
		}
		req = &statusv1.ListProxyAccountsRequest{From: r.Window.From, To: r.Window.To, PageToken: answer.Msg.NextPageToken}
	}
}

func (d *doctor) askCollectors(ctx context.Context, c *client, r *statusv1.DoctorReport) error {
	answer, err := c.status.ListCollectors(ctx, connect.NewRequest(&statusv1.ListCollectorsRequest{Window: durationpb.New(d.window)}))
	if err != nil {
		return err
	}
	r.Findings = append(r.Findings, answer.Msg.Findings...)
	r.Collectors, r.BlindIntervals = answer.Msg.Collectors, answer.Msg.BlindIntervals
	return nil
}

func (d *doctor) askTables(ctx context.Context, c *client, r *statusv1.DoctorReport) error {
	d.progress("Reading the state of the tables …")
	answer, err := c.status.GetStoreReport(ctx, connect.NewRequest(&statusv1.GetStoreReportRequest{}))
	if err != nil {
		return err
	}
	r.Findings = append(r.Findings, answer.Msg.Findings...)
	r.Tables, r.Merges, r.Mutations = answer.Msg.Tables, answer.Msg.Merges, answer.Msg.Mutations
	return nil
}

// checkFindings are the checks that are not well.
func checkFindings(checks []*statusv1.Check) (out []*statusv1.Finding) {
	for _, c := range checks {
		if c.Result != "ok" {
			out = append(out, &statusv1.Finding{Code: c.Code, Subject: c.Name, Detail: c.Detail, Remedy: c.Hint})
		}
	}
	return out
}
