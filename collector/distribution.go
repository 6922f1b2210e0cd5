// Package collector is our distribution of the OpenTelemetry Collector: the
// upstream components that a mesh needs, and our own. Factories lists them; Run,
// Validate and Components are what the command line offers.
package collector

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"

	meshexporter "github.com/plimsoll-mesh/plimsoll/collector/exporter/meshstore"
	"github.com/plimsoll-mesh/plimsoll/collector/extension/meshstore"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/blockrelay"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics"
)

// Factories returns the components of the distribution.
func Factories() (otelcol.Factories, error) {
	f := otelcol.Factories{Telemetry: otelconftelemetry.NewFactory()}
	var err error
	f.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](
		otlpreceiver.NewFactory(), envoyals.NewFactory(), meshmetrics.NewFactory(), blockrelay.NewFactory(),
	)
	if err != nil {
		return f, err
	}
	if f.Processors, err = otelcol.MakeFactoryMap[processor.Factory](memorylimiterprocessor.NewFactory()); err != nil {
		return f, err
	}
	if f.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](debugexporter.NewFactory(), meshexporter.NewFactory()); err != nil {
		return f, err
	}
	f.Extensions, err = otelcol.MakeFactoryMap[extension.Factory](healthcheckextension.NewFactory(), meshstore.NewFactory())
	return f, err
}

// quietErrors is laid under the user's files: an error says what to do, and a
// stack of calls above it would only hide that.
const quietErrors = "yaml:service::telemetry::logs::disable_stacktrace: true"

// layers returns what the configuration is put together from; without files
// there is none.
func layers(files []string) []string {
	if len(files) == 0 {
		return nil
	}
	return append([]string{quietErrors}, files...)
}

// settings returns the settings of a collector that reads the given config
// files, later ones over earlier ones. The caller owns the signals: the
// collector ends with its context.
func settings(version string, files []string) otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		Factories:               Factories,
		BuildInfo:               component.BuildInfo{Command: "plimsoll collector", Description: "Plimsoll's OpenTelemetry Collector", Version: version},
		DisableGracefulShutdown: true,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				URIs:          layers(files),
				DefaultScheme: "env",
				ProviderFactories: []confmap.ProviderFactory{
					envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory(),
				},
			},
		},
	}
}
