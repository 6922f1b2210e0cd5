// Command plimsoll-collector is the collector alone, small enough to run beside
// the proxies of every machine: the same receivers, the same store extension and
// the same config file as "plimsoll collector", without the embedded engine, the
// analyzer and the lab.
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
		fmt.Fprintln(root.ErrOrStderr(), "plimsoll-collector:", err)
	}
	return exitCode(err)
}
