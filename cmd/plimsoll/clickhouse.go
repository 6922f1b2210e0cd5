package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
)

// newClickhouseCommand returns "plimsoll clickhouse", the embedded ClickHouse.
func newClickhouseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clickhouse",
		Short: "Run the embedded ClickHouse",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newClickhouseRunCommand(), newClickhouseServeCommand(),
		newClickhouseBackupCommand(), newClickhouseBackupsCommand(), newClickhouseRestoreCommand())
	return cmd
}

func newClickhouseRunCommand() *cobra.Command {
	var config engine.Config
	var memory byteSize
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Serve ClickHouse's HTTP interface on a unix socket",
		Long: `Serve ClickHouse's HTTP interface on a unix socket that only this user can open.

The engine is libchdb in a sandboxed child process, restarted when it crashes.
It creates the database "plimsoll". Stop it with SIGTERM or Ctrl-C.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config.Memory = int64(memory)
			return runClickhouse(cmd.Context(), config, cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config.DataDir, "data", "", "data directory, created when missing (required)")
	flags.StringVar(&config.Socket, "socket", "", "path of the unix socket (default clickhouse.sock in the data directory)")
	flags.StringVar(&config.Library, "library", "", "path of libchdb.so (default $"+engine.LibraryEnv+
		", then .cache/tools/libchdb.so, then beside this program)")
	flags.Var(&memory, "memory", "most memory that the engine may allocate; one query may take half of it (default: what the cgroup allows less 300MiB, without a limit 1GiB)")
	flags.StringVar(&config.Backups, "backups", "", "directory that backups are written to and restored from (default backups in the data directory)")
	flags.StringVar(&config.Listen, "listen", "", "also listen on this TCP address, guarded by the key in engine.key in the data directory")
	return cmd
}

// newClickhouseServeCommand is the child of run.
func newClickhouseServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "serve",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
			defer stop()
			return engine.RunChild(ctx, slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
		},
	}
}

// runClickhouse supervises an engine until ctx or a signal ends it.
func runClickhouse(ctx context.Context, config engine.Config, stderr io.Writer) error {
	if config.DataDir == "" {
		return withExit(exitUsage, errors.New("no data directory: name one with --data"))
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	workDir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the working directory: %w", err)
	}
	if config.Library, err = engine.FindLibrary(config.Library, os.Getenv, workDir, executable); err != nil {
		return withExit(exitUnavailable, err)
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	supervisor, err := engine.NewSupervisor(config, []string{executable, "clickhouse", "serve"}, logger)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = supervisor.Run(ctx)
	if errors.Is(err, engine.ErrInUse) {
		return withExit(exitUnavailable, err)
	}
	return err
}

// byteSize is a flag in bytes, with an optional binary unit: 512MiB, 1GiB.
type byteSize int64

// byteUnits are the units of a byteSize, largest first.
func byteUnits() []struct {
	suffix string
	size   int64
} {
	return []struct {
		suffix string
		size   int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}
}

// String writes the largest unit that leaves a whole number.
func (b *byteSize) String() string {
	if *b == 0 {
		return "" // not given
	}
	for _, unit := range byteUnits() {
		if n := int64(*b); n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + unit.suffix
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Set reads a whole number with or without unit.
func (b *byteSize) Set(text string) error {
	number, size := text, int64(1)
	for _, unit := range byteUnits() {
		if rest, ok := strings.CutSuffix(text, unit.suffix); ok {
			number, size = rest, unit.size
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || n > math.MaxInt64/size {
		return fmt.Errorf("%q is no size: write a number of bytes, or one like 512MiB or 1GiB", text)
	}
	*b = byteSize(n * size)
	return nil
}

// Type names the flag's value in the usage text.
func (b *byteSize) Type() string { return "size" }
