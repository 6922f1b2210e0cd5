package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/analyzer"
)

func newAnalyzerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "analyzer",
		Short: "Answer questions, evaluate SLOs and send alerts",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newAnalyzerRunCommand())
	return cmd
}

func newAnalyzerRunCommand() *cobra.Command {
	var config string
	level := slog.LevelInfo
	cmd := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Run the analyzer until it is told to stop",
		Long: `Run the analyzer: it reads the store, evaluates SLOs, sends alerts, and serves
the API that "plimsoll graph" and the others ask.

At the first start it makes two tokens in its state folder, viewer.token (may
read) and operator.token (may change the mesh).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config == "" {
				return withExit(exitUsage, errors.New("no config: name a file with --config"))
			}
			cfg, err := analyzer.ReadConfig(config)
			if err != nil {
				return withExit(exitBadData, err)
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			if err := analyzer.Run(cmd.Context(), cfg, buildVersion, log); err != nil {
				return withExit(startExit(err), fmt.Errorf("running the analyzer: %w", err))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file")
	cmd.Flags().TextVar(&level, "log-level", level, "least level of log lines: debug, info, warn or error")
	return cmd
}
