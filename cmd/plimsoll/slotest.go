package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/slotest"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func newSLOTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test FILE...",
		Short: "Test SLOs against traffic that you write down",
		Long: `Test SLOs against traffic that you write down, without an analyzer or a store.

A file holds an SLO, the good and total events of each interval ("100x60 0x5" is
sixty intervals of 100, then five of 0), and what the SLI, the budget, the burn
rates and the alerts must be at certain times.

Exit code 79 if a check differs, 65 if a file is wrong.`,
		Example: `  plimsoll slo test checkout_test.yaml`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    testSLOs,
	}
}

// testSLOs runs the tests of all files; nothing runs if one of them is wrong.
func testSLOs(cmd *cobra.Command, files []string) error {
	var tests []*slotest.Test
	var errs yamlfile.Errors
	for _, file := range files {
		list, err := slotest.Load(file)
		errs.Add(err)
		tests = append(tests, list...)
	}
	if err := errs.Err(); err != nil {
		return withExit(exitBadData, err)
	}
	failed := 0
	for _, t := range tests {
		diffs, err := t.Run(cmd.Context())
		if err != nil {
			return err
		}
		if len(diffs) == 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "ok    %s\n", t.Name)
			continue
		}
		failed++
		fmt.Fprintf(cmd.OutOrStdout(), "FAIL  %s\n", t.Name)
		for _, line := range diffs {
			fmt.Fprintf(cmd.OutOrStdout(), "      %s\n", line)
		}
	}
	if failed > 0 {
		return withExit(exitFindings, fmt.Errorf("%d of %d SLO tests failed", failed, len(tests)))
	}
	return nil
}
