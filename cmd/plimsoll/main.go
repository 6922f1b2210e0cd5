// Command plimsoll watches a service mesh: it carries proxies' telemetry to
// ClickHouse, answers who depends on whom and how much error budget is left,
// and computes the limits that keep one slow service from sinking the others.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one command line and returns its exit code. An error is printed
// here, once.
func execute(ctx context.Context, args []string) int {
	root := newRootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(root.ErrOrStderr(), "plimsoll:", err)
	}
	return exitCode(err)
}
