package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func newSLOValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check SLO files without an analyzer",
		Long: `Check OpenSLO files as the analyzer will when it starts. Everything that is wrong
is listed, each as file, line and field. No two files may hold an SLO of one name.`,
		Example: `  plimsoll slo validate lab/scenarios/bookinfo-slo.yaml`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			slos, err := slo.Load(files)
			if err != nil {
				return withExit(exitBadData, err)
			}
			for _, s := range slos {
				fmt.Fprintf(cmd.OutOrStdout(), "%s is a valid objective of %s\n", s.Name, s.Service)
			}
			return nil
		},
	}
}

// checkSLOs judges objectives as the analyzer will.
func checkSLOs(docs []yamlfile.Doc) error {
	_, err := slo.Parse(docs)
	return err
}
