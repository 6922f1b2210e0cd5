package blockrelay

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// typeName is the component's type in a config file.
const typeName = "blockrelay"

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		component.MustNewType(typeName),
		createDefaultConfig,
		receiver.WithLogs(createLogs, component.StabilityLevelAlpha),
	)
}

func createDefaultConfig() component.Config {
	return &Config{Endpoint: "127.0.0.1:4319", Store: component.MustNewID("meshstore"), MaxInFlightMiB: 64}
}

// createLogs ignores the next consumer: the blocks go to the store.
func createLogs(_ context.Context, set receiver.Settings, cfg component.Config, _ consumer.Logs) (receiver.Logs, error) {
	return newReceiver(cfg.(*Config), set.TelemetrySettings)
}
