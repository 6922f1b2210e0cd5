// Command bench runs suites of benchmarks and prints their figures beside their
// targets.
//
//	go run ./bench [flags] SUITE…
//
// Each suite also writes build/bench/SUITE.json.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/plimsoll-mesh/plimsoll/bench/child"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 5 && os.Args[1] == "child" {
		return runChild(ctx, os.Args[2], os.Args[3], os.Args[4])
	}
	return runSuites(ctx)
}

// runChild is the measured process: its mode, the DSN of the store, and how
// often to send what is on stdin.
func runChild(ctx context.Context, mode, dsn, rounds string) error {
	n, err := strconv.Atoi(rounds)
	if err != nil {
		return err
	}
	return child.Run(ctx, mode, dsn, n, os.Stdin, os.Stdout)
}

// suites are all suites by name.
var suites = map[string]func(context.Context, options) error{"ingest": ingestSuite}

func runSuites(ctx context.Context) error {
	var o options
	o.flags(flag.CommandLine)
	flag.Parse()
	names := flag.Args()
	if len(names) == 0 {
		names = []string{"ingest"}
	}
	for _, name := range names {
		run, ok := suites[name]
		if !ok {
			return fmt.Errorf("no suite %q", name)
		}
		if err := run(ctx, o); err != nil {
			return fmt.Errorf("suite %s: %w", name, err)
		}
	}
	return nil
}
