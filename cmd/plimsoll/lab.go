package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/run"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

func newLabCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Run a scenario: real Envoys, services with known behaviour, exact counts",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newLabRunCommand(), newLabValidateCommand())
	return cmd
}

func newLabRunCommand() *cobra.Command {
	var f labFlags
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run a scenario and judge its expectations",
		Long: `Run a scenario on this machine: the services it describes, each behind its own
Envoy, the load on them, and the whole of Plimsoll beside them. The report holds
the lab's own exact counts next to what Plimsoll observed.

The exit code is 0 only if every expectation of the scenario holds, 79 if one
does not. Ctrl-C stops everything that was started.`,
		Example: `  plimsoll lab run lab/scenarios/pair.yaml
  plimsoll lab run mine.yaml --report mine.json --page mine.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], time.Now()) },
	}
	f.add(cmd)
	return cmd
}

func newLabValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check scenarios without running them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var errs []error
			for _, file := range args {
				s, err := readScenario(file)
				errs = append(errs, err)
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %s is a valid scenario of %s\n", file, s.Name, s.Duration)
				}
			}
			return withExit(exitBadData, errors.Join(errs...))
		},
	}
}

// labFlags are the flags of everything that runs a scenario.
type labFlags struct {
	duration, seed      string
	report, page        string
	basePort            int
	keep, quiet         bool
	envoy, library, dsn string
}

func (f *labFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.duration, "duration", "", "stretch or shrink the scenario to this time (default: as it says)")
	flags.StringVar(&f.seed, "seed", "", "seed of arrivals and work times (default: as the scenario says)")
	flags.StringVar(&f.report, "report", "", "write the report to this file, as JSON")
	flags.StringVar(&f.page, "page", "", "write one self-contained HTML page to this file")
	flags.IntVar(&f.basePort, "base-port", run.DefaultBasePort, "first of the loopback ports to take")
	flags.BoolVar(&f.keep, "keep", false, "leave everything running afterwards, and say where")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	flags.StringVar(&f.envoy, "envoy", "", "path of Envoy (default $"+run.EnvoyEnv+", then .cache/tools/envoy)")
	flags.StringVar(&f.library, "library", "", "path of libchdb.so (default $"+run.LibraryEnv+", then .cache/tools/libchdb.so)")
	flags.StringVar(&f.dsn, "store", "", "use this ClickHouse instead of the embedded one, such as http://user:pass@host:8123?database=lab")
}

// run runs the scenario in a file and prints its summary.
func (f *labFlags) run(cmd *cobra.Command, file string, begun time.Time) error {
	s, err := readScenario(file)
	if err != nil {
		return withExit(exitBadData, err)
	}
	opts, err := f.options(cmd, s, begun)
	if err != nil {
		return err
	}
	kept := func(r *report.Report, a run.Addresses) {
		if err := f.finish(cmd.OutOrStdout(), r); err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), "plimsoll:", err)
		}
		printAddresses(cmd.OutOrStdout(), a)
	}
	r, err := run.Run(cmd.Context(), opts, kept)
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped before the end; everything that was started is stopped, too")
	case err != nil:
		return withExit(startExit(err), err)
	}
	if !f.keep {
		if err := f.finish(cmd.OutOrStdout(), r); err != nil {
			return err
		}
	}
	return judged(r)
}

func judged(r *report.Report) error {
	failed := 0
	for _, e := range r.Expectations {
		if !e.Holds {
			failed++
		}
	}
	if failed == 0 {
		return nil
	}
	return withExit(exitFindings, fmt.Errorf("%d of %d expectations do not hold", failed, len(r.Expectations)))
}

func (f *labFlags) options(cmd *cobra.Command, s *scenario.Scenario, begun time.Time) (run.Options, error) {
	opts := run.Options{
		Scenario: s, BasePort: f.basePort, Keep: f.keep, Store: f.dsn, Begun: begun, Version: buildVersion,
		Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if !f.quiet {
		opts.Progress = cmd.ErrOrStderr()
	}
	var err error
	if opts.Duration, opts.Seed, err = f.numbers(); err != nil {
		return opts, withExit(exitUsage, err)
	}
	if opts.Plimsoll, err = os.Executable(); err != nil {
		return opts, fmt.Errorf("finding this program: %w", err)
	}
	if opts.Envoy, err = run.FindTool(f.envoy, run.EnvoyEnv, "envoy", opts.Plimsoll); err != nil {
		return opts, withExit(exitUnavailable, err)
	}
	if f.dsn == "" {
		opts.Library, err = run.FindTool(f.library, run.LibraryEnv, "libchdb.so", opts.Plimsoll)
	}
	return opts, withExit(exitUnavailable, err)
}

func (f *labFlags) numbers() (duration time.Duration, seed uint64, err error) {
	if f.duration != "" {
		if duration, err = time.ParseDuration(f.duration); err != nil || duration <= 0 {
			return 0, 0, fmt.Errorf("--duration %q: use a time such as 3m or 200s", f.duration)
		}
	}
	if f.seed != "" {
		if _, err = fmt.Sscan(f.seed, &seed); err != nil || seed == 0 {
			return 0, 0, fmt.Errorf("--seed %q: use a whole number above 0", f.seed)
		}
	}
	return duration, seed, nil
}

// finish prints the summary and writes the files that were asked for.
func (f *labFlags) finish(out io.Writer, r *report.Report) error {
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil {
		return err
	}
	fmt.Fprint(out, table.String())
	if f.report != "" {
		if err := makeParent(f.report); err != nil {
			return err
		}
		if err := r.WriteFile(f.report); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nreport: %s\n", f.report)
	}
	if f.page != "" {
		if err := makeParent(f.page); err != nil {
			return err
		}
		if err := r.WritePageFile(f.page, table.String()); err != nil {
			return err
		}
		fmt.Fprintf(out, "page:   %s\n", f.page)
	}
	return nil
}

func makeParent(file string) error { return os.MkdirAll(filepath.Dir(file), 0o755) }

func printAddresses(out io.Writer, a run.Addresses) {
	fmt.Fprintf(out, `
Everything is still running; Ctrl-C stops it.
  users call       %s
  analyzer         %s
  logs and files   %s

Ask it from another terminal:
  export PLIMSOLL_URL=%s PLIMSOLL_TOKEN_FILE=%s
  plimsoll graph
  plimsoll slo status
`, a.Users, a.Analyzer, a.Directory, a.Analyzer, a.Operator)
}

func readScenario(file string) (*scenario.Scenario, error) {
	s, err := scenario.Read(file)
	if err != nil {
		return nil, err
	}
	return s, run.Check(s)
}
