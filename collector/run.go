package collector

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"go.opentelemetry.io/collector/otelcol"
)

// Run runs a collector with the given config files until the context ends,
// then drains its receivers, stores what they handed over, and returns nil. The
// version is what the collector says of itself.
func Run(ctx context.Context, version string, files []string) error {
	c, err := otelcol.NewCollector(settings(version, files))
	if err != nil {
		return fmt.Errorf("preparing the collector: %w", err)
	}
	err = c.Run(ctx)
	switch {
	case err == nil, ctx.Err() != nil && errors.Is(err, context.Canceled): // told to stop while it was starting
		return nil
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("running the collector: %w: stop what listens there, or give the component another address in the config", err)
	}
	return fmt.Errorf("running the collector: %w", err)
}

// Validate reads the config files and checks them without starting anything.
func Validate(ctx context.Context, version string, files []string) error {
	c, err := otelcol.NewCollector(settings(version, files))
	if err != nil {
		return fmt.Errorf("preparing the collector: %w", err)
	}
	return c.DryRun(ctx)
}
