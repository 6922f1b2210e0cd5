package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/spec"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func newSLOValidateCommand() *cobra.Command {
	var options spec.Options
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check SLO files without an analyzer",
		Long: `Check OpenSLO files as the analyzer will when it starts. Everything that is wrong
is listed, each as file, line and field. No two files may hold an SLO of one name.`,
		Example: `  plimsoll slo validate lab/scenarios/bookinfo-slo.yaml`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			lib, err := spec.LoadLibrary(files, options)
			if err != nil {
				return withExit(exitBadData, err)
			}
			for _, w := range lib.Warnings {
				fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", w)
			}
			for _, s := range lib.SLOs {
				fmt.Fprintf(cmd.OutOrStdout(), "%s is a valid objective of %s\n", s.Name, s.Service)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&options.Lenient, "lenient", false, "read the usual slips as they are meant, each with a warning that has a name")
	return cmd
}

// checkSLOs judges objectives as the analyzer will.
func checkSLOs(docs []yamlfile.Doc) error {
	_, err := slo.Parse(docs)
	return err
}
