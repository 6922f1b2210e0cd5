package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/run"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/store/query"
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
		Long: `Check scenarios, with their mesh objects, objectives and expectations, without
running them. Everything that is wrong is listed, each as file, line and field.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var errs []error
			for _, file := range args {
				s, warnings, err := readScenario(file)
				errs = append(errs, err)
				for _, w := range warnings {
					fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w)
				}
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
	s, _, err := readScenario(file) // the run shows the warnings
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
	case errors.Is(err, run.ErrStopped):
		return fmt.Errorf("%w; everything that was started is stopped, too", err)
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
		CheckSLOs: checkSLOs,
		Log:       slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if !f.quiet {
		opts.Progress = cmd.ErrOrStderr()
	}
	var err error
	if opts.Duration, opts.Seed, err = f.numbers(); err != nil {
		return opts, withExit(exitUsage, err)
	}
	if opts.Duration != 0 {
		if _, err := s.Scale(opts.Duration); err != nil {
			return opts, withExit(exitUsage, fmt.Errorf("--duration: %w", err))
		}
	}
	if err := f.checkPlaces(); err != nil {
		return opts, withExit(exitUsage, err)
	}
	return opts, withExit(exitUnavailable, f.tools(&opts))
}

// checkPlaces finds flags that would only fail once the run is over, or half way
// into it.
func (f *labFlags) checkPlaces() error {
	if f.basePort < 1024 || f.basePort > 65535 {
		return fmt.Errorf("--base-port %d: use a port from 1024 to 65535", f.basePort)
	}
	if f.dsn != "" {
		if _, err := query.ParseDSN(f.dsn); err != nil {
			return fmt.Errorf("--store: %w", err)
		}
	}
	for _, file := range []struct{ flag, path string }{{"--report", f.report}, {"--page", f.page}} {
		if file.path == "" {
			continue
		}
		if err := writable(file.path); err != nil {
			return fmt.Errorf("%s: %w", file.flag, err)
		}
	}
	return nil
}

// writable tells why a file could not be written. It leaves no file that was not
// there.
func writable(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	_, missing := os.Stat(file)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if missing != nil {
		return os.Remove(file)
	}
	return nil
}

// tools finds the programs that a run starts.
func (f *labFlags) tools(opts *run.Options) error {
	var err error
	if opts.Plimsoll, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if opts.Envoy, err = run.FindTool(f.envoy, run.EnvoyEnv, "envoy", opts.Plimsoll); err != nil {
		return err
	}
	if f.dsn == "" {
		opts.Library, err = run.FindTool(f.library, run.LibraryEnv, "libchdb.so", opts.Plimsoll)
	}
	return err
}

func (f *labFlags) numbers() (duration time.Duration, seed uint64, err error) {
	if f.duration != "" {
		if duration, err = time.ParseDuration(f.duration); err != nil || duration <= 0 {
			return 0, 0, fmt.Errorf("--duration %q: use a time such as 3m or 200s", f.duration)
		}
	}
	if f.seed != "" {
		if seed, err = strconv.ParseUint(f.seed, 10, 64); err != nil || seed == 0 {
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
		if err := r.WriteFile(f.report); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nreport: %s\n", f.report)
	}
	if f.page != "" {
		if err := r.WritePageFile(f.page, table.String()); err != nil {
			return err
		}
		fmt.Fprintf(out, "page:   %s\n", f.page)
	}
	return nil
}

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
To change something (plimsoll tune apply), use --token-file %s
`, a.Users, a.Analyzer, a.Directory, a.Analyzer, a.TokenFile, a.Operator)
}

// readScenario reads and checks a scenario; warnings do not keep it from being
// run.
func readScenario(file string) (s *scenario.Scenario, warnings []string, err error) {
	if s, err = scenario.Read(file); err != nil {
		return nil, nil, err
	}
	warnings, err = run.Check(s, checkSLOs)
	return s, warnings, err
}
