package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/lab/scenarios"
)

func newDemoCommand() *cobra.Command {
	var f labFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See a mis-set timeout sink a site, and Plimsoll mend it, in three minutes",
		Long: `Run the scenario bookinfo: a product page that calls details and reviews, which
calls ratings, each behind its own real Envoy. Ratings slows down for six seconds;
because of one mis-set timeout the whole site stays down. Plimsoll sees it, pages,
judges the edge from what it saw, and changes the running proxies. Then the same
slowdown happens again.

Everything runs on this machine, on loopback, and is gone afterwards.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begun := time.Now()
			dir, err := os.MkdirTemp("", "plimsoll-demo-")
			if err != nil {
				return fmt.Errorf("making a directory for the demo: %w", err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			if err := scenarios.Extract(dir); err != nil {
				return err
			}
			return f.run(cmd, filepath.Join(dir, scenarios.Demo), begun)
		},
	}
	f.add(cmd)
	return cmd
}
