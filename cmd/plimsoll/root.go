package main

import (
	"github.com/spf13/cobra"
)

// newRootCommand returns a fresh command tree; nothing is kept between calls.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "plimsoll",
		Short: "The load line of a service mesh",
		Long: `Plimsoll sees every request that the proxies of a service mesh carry, draws who
depends on whom, keeps the SLO ledger, and computes the timeout, retry and
breaker values that keep one slow service from sinking all others.

Start with "plimsoll demo": it runs a small mesh of real Envoys on this machine,
breaks it, and shows what Plimsoll sees and does.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return withExit(exitUsage, err)
	})
	root.AddCommand(
		newAlertsCommand(),
		newAnalyzerCommand(),
		newClickhouseCommand(),
		newCollectorCommand(),
		newDemoCommand(),
		newDoctorCommand(),
		newEdgesCommand(),
		newGateCommand(),
		newGraphCommand(),
		newLabCommand(),
		newObserveCommand(),
		newSLOCommand(),
		newTopCommand(),
		newTuneCommand(),
		newVersionCommand(),
	)
	strictUsage(root)
	return root
}
