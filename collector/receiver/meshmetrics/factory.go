package meshmetrics

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// typeName is the component's type in a config file.
const typeName = "meshmetrics"

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		component.MustNewType(typeName),
		createDefaultConfig,
		receiver.WithMetrics(createMetrics, component.StabilityLevelAlpha),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Store:       component.MustNewID("meshstore"),
		Interval:    5 * time.Second,
		Timeout:     3 * time.Second,
		MaxBodyMiB:  64,
		MaxSamples:  200_000,
		MaxSeries:   50_000,
		Concurrency: 8,
		TLS:         configtls.NewDefaultClientConfig(),
	}
}

// createMetrics ignores the next consumer: the rows go to the store.
func createMetrics(_ context.Context, set receiver.Settings, cfg component.Config, _ consumer.Metrics) (receiver.Metrics, error) {
	return newReceiver(cfg.(*Config), set.TelemetrySettings)
}
