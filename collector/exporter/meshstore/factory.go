package meshstore

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
)

// typeName is the component's type in a config file.
const typeName = "meshstore"

// NewFactory returns the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		component.MustNewType(typeName),
		createDefaultConfig,
		exporter.WithTraces(createTraces, component.StabilityLevelAlpha),
		exporter.WithLogs(createLogs, component.StabilityLevelAlpha),
		exporter.WithMetrics(createMetrics, component.StabilityLevelAlpha),
	)
}

func createDefaultConfig() component.Config {
	return &Config{Store: component.MustNewID(typeName)}
}

func createTraces(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	base, err := newBase(cfg.(*Config), set, "traces")
	if err != nil {
		return nil, err
	}
	return newTraces(base), nil
}

func createLogs(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	base, err := newBase(cfg.(*Config), set, "logs")
	if err != nil {
		return nil, err
	}
	return newLogs(base), nil
}

func createMetrics(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	base, err := newBase(cfg.(*Config), set, "metrics")
	if err != nil {
		return nil, err
	}
	return newMetrics(base), nil
}
