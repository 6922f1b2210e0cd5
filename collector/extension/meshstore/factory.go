package meshstore

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// typeName is the component's type in a config file.
const typeName = "meshstore"

// NewFactory returns the factory of the extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType(typeName),
		createDefaultConfig,
		create,
		component.StabilityLevelAlpha,
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		BlockRows: 8192, BlockAge: time.Second, MaxPendingMiB: 64,
		WAL: WALConfig{MaxMiB: 1024, Sync: true}, Sampling: SamplingConfig{Requests: 1},
	}
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newStore(cfg.(*Config), set.TelemetrySettings)
}
