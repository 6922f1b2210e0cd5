package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
)

// doctor holds what its command line says.
type doctor struct {
	printer *printer
	conn    *connection
	offline bool
	verify  bool
	window  time.Duration
}

func newDoctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [--verify [WAL_DIRECTORY]]",
		Short: "Look for what keeps Plimsoll from working, and say what to do",
		Long: `Look for what keeps Plimsoll from working or makes its numbers incomplete, and say
what to do. Findings come first, each with a code that docs/doctor.md explains.

PLM101 and up look at this machine: are the tools there, does an analyzer answer.
The others are the analyzer's own: do store, collectors, proxies and mesh answer;
which proxies' rows differ from their own counters; when collectors were silent;
how the tables of the store fare.

--verify compares what was sealed with what is stored. With the directory of a
collector's write-ahead log it asks the store for each block in it, also while the
collector runs; without one it looks for blocks that are stored twice, and for
rollups that differ from the rows they count, within the last full hour.

The exit code is 79 when anything is found, 69 when the store or the analyzer does
not answer, whatever the format.`,
		Args: cobra.MaximumNArgs(1),
	}
	d := &doctor{printer: addOutputFlag(cmd), conn: addConnectionFlags(cmd, "viewer")}
	flags := cmd.Flags()
	flags.BoolVar(&d.offline, "offline", false, "look at this machine only")
	flags.BoolVar(&d.verify, "verify", false, "compare what was sealed with what is stored")
	flags.DurationVar(&d.window, "window", time.Hour, "how far back proxies and collectors are looked at, at most 24h")
	cmd.RunE = d.run
	return cmd
}

func (d *doctor) run(cmd *cobra.Command, args []string) error {
	if err := d.printer.check(cmd); err != nil {
		return err
	}
	switch {
	case len(args) > 0 && !d.verify:
		return withExit(exitUsage, fmt.Errorf("directory %s without --verify", args[0]))
	case d.verify && d.offline:
		return withExit(exitUsage, errors.New("--verify asks the store: leave out --offline"))
	case d.verify && len(args) > 0:
		return d.verifyLog(cmd.Context(), args[0])
	case d.verify:
		return d.verifyStore(cmd.Context())
	}
	return d.examine(cmd.Context())
}

// conclude is the error that findings end with.
func conclude(findings []*statusv1.Finding) error {
	switch len(findings) {
	case 0:
		return nil
	case 1:
		return withExit(exitFindings, errors.New("1 finding"))
	}
	return withExit(exitFindings, fmt.Errorf("%d findings", len(findings)))
}
