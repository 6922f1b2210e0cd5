package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/collector"
)

// buildVersion is set by the linker (-X main.buildVersion=…).
var buildVersion = "dev"

// newRootCommand returns a fresh command tree; nothing is kept between calls.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "plimsoll-collector",
		Short: "Receive telemetry beside the proxies and store it",
		Long: `The collector of Plimsoll alone, for every machine that runs proxies. It is a
distribution of the OpenTelemetry Collector: its config file has that form, and
"plimsoll-collector components" lists what it can name.`,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return withExit(exitUsage, err) })
	root.AddCommand(newRunCommand(), newValidateCommand(), newComponentsCommand(), newVersionCommand())
	strictUsage(root)
	return root
}

func newRunCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "run --config FILE [--config FILE…]",
		Short: "Run the collector until it is told to stop",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needConfig(files); err != nil {
				return err
			}
			if err := collector.Validate(cmd.Context(), buildVersion, files); err != nil {
				return withExit(exitBadData, err)
			}
			limitMemory()
			return withExit(exitUnavailable, collector.Run(cmd.Context(), buildVersion, files))
		},
	}
	addConfigFlag(cmd, &files)
	return cmd
}

func newValidateCommand() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "validate --config FILE [--config FILE…]",
		Short: "Check a config without running it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needConfig(files); err != nil {
				return err
			}
			return withExit(exitBadData, collector.Validate(cmd.Context(), buildVersion, files))
		},
	}
	addConfigFlag(cmd, &files)
	return cmd
}

func newComponentsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "components",
		Short: "List the receivers, processors, exporters and extensions",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return collector.Components(cmd.OutOrStdout())
		},
	}
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "plimsoll-collector %s (commit %s, %s)\n", buildVersion, commit(), runtime.Version())
			return err
		},
	}
}

// commit is that of the source, as the Go tool noted it.
func commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

func addConfigFlag(cmd *cobra.Command, files *[]string) {
	cmd.Flags().StringArrayVar(files, "config", nil, "config file, or yaml:… for a piece of one; repeat it to lay one over another")
}

func needConfig(files []string) error {
	if len(files) == 0 {
		return withExit(exitUsage, errors.New("no config: name a file with --config"))
	}
	return nil
}

// strictUsage makes wrong arguments a usage error (exit code 64) on every
// command of the tree.
func strictUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return withExit(exitUsage, check(cmd, args)) }
	}
	for _, sub := range cmd.Commands() {
		strictUsage(sub)
	}
}
