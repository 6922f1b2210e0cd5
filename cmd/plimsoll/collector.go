package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/collector"
)

func newCollectorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "collector",
		Short: "Receive telemetry and store it",
		Long: `The collector receives what proxies and applications report and stores it. It is
a distribution of the OpenTelemetry Collector: its config file has that form, and
"plimsoll collector components" lists what it can name.`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newCollectorRunCommand(), newCollectorValidateCommand(), newCollectorComponentsCommand())
	return cmd
}

func newCollectorRunCommand() *cobra.Command {
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
			return withExit(exitUnavailable, collector.Run(cmd.Context(), buildVersion, files))
		},
	}
	addConfigFlag(cmd, &files)
	return cmd
}

func newCollectorValidateCommand() *cobra.Command {
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

func newCollectorComponentsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "components",
		Short: "List the receivers, processors, exporters and extensions",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return collector.Components(cmd.OutOrStdout())
		},
	}
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
