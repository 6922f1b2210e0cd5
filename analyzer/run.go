package analyzer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
)

const (
	// retryStore is the time between two attempts to reach the store, and
	// progressStore between two log lines about it.
	retryStore    = 500 * time.Millisecond
	progressStore = 10 * time.Second
	// pingTimeout bounds one attempt.
	pingTimeout = 2 * time.Second
)

// Run is the analyzer: it returns nil after ctx has ended and everything it
// started has stopped. The API answers at once; SLOs are evaluated as soon as
// the store answers. The version is that of the program, for GetStatus.
func Run(ctx context.Context, cfg *Config, version string, log *slog.Logger) error {
	if err := os.MkdirAll(cfg.State, 0o700); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	tokens, err := handler.LoadTokens(cfg.State)
	if err != nil {
		return err
	}
	listener, err := handler.Listen(ctx, cfg.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	parts, err := assemble(ctx, cfg, version, log)
	if err != nil {
		return err
	}
	api := handler.New(parts.services, handler.Settings{Tokens: tokens, Healthy: parts.conn.Ping, Log: log})
	log.Info("analyzer serves", "listen", listener.Addr().String(), "state", cfg.State, "slos", len(cfg.SLOs))
	return errors.Join(together(ctx,
		func(ctx context.Context) error { return handler.Serve(ctx, listener, api, log) },
		func(ctx context.Context) error { return parts.loop(ctx, log) },
	), parts.close())
}

// together runs all functions until the first one returns, then cancels the
// others and waits for them.
func together(ctx context.Context, runs ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, len(runs))
	for _, run := range runs {
		go func() {
			done <- run(ctx)
			cancel()
		}()
	}
	var errs []error
	for range runs {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// waitForStore returns true once the store answers, false if ctx ended before.
func waitForStore(ctx context.Context, conn driver.Conn, log *slog.Logger) bool {
	var told time.Time
	for {
		ping, cancel := context.WithTimeout(ctx, pingTimeout)
		err := conn.Ping(ping)
		cancel()
		if err == nil {
			return true
		}
		if time.Since(told) >= progressStore {
			told = time.Now()
			log.Info("waiting for the store", "error", err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(retryStore):
		}
	}
}
