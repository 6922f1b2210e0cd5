package main

import "github.com/spf13/cobra"

// strictUsage makes wrong arguments a usage error (exit code 64) on every
// command of the tree. A command that only groups others prints its help, and
// refuses a name that it does not know, which cobra would take for a request
// for help.
func strictUsage(cmd *cobra.Command) {
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = cobra.NoArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			return withExit(exitUsage, check(cmd, args))
		}
	}
	for _, sub := range cmd.Commands() {
		strictUsage(sub)
	}
}
