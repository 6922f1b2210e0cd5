package meshmetrics

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

// load reads a config as the Collector does: over the defaults, strictly.
func loadConfig(t *testing.T, text string) (*Config, error) {
	t.Helper()
	var raw map[string]any
	if err := yaml.Unmarshal([]byte(text), &raw); err != nil {
		t.Fatal(err)
	}
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(raw).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, cfg.Validate()
}

const someTarget = "targets: [{url: 'unix:///run/admin.sock'}]\n"

func TestConfig(t *testing.T) {
	cfg, err := loadConfig(t, `
store: meshstore/second
interval: 10s
timeout: 2s
max_series: 7
targets_file: /run/plimsoll/targets.d/*.yaml
bearer_token_file: /run/token
tls: {ca_file: /etc/ca.pem}
targets:
- {url: 'unix:///run/admin.sock:/stats/prometheus', proxy: p, node: n}
- {url: 'https://10.0.0.1:15090', source: istio, labels: {mesh: m}}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := createDefaultConfig().(*Config)
	want.Store = component.MustNewIDWithName("meshstore", "second")
	want.Interval, want.Timeout, want.MaxSeries = 10*time.Second, 2*time.Second, 7
	want.TargetsFile, want.BearerTokenFile = "/run/plimsoll/targets.d/*.yaml", "/run/token"
	want.TLS.CAFile = "/etc/ca.pem"
	want.Targets = []target.Target{
		{URL: "unix:///run/admin.sock:/stats/prometheus", Proxy: "p", Node: "n"},
		{URL: "https://10.0.0.1:15090", Source: "istio", Labels: map[string]string{"mesh": "m"}},
	}
	if diff := cmp.Diff(want.Targets, cfg.Targets); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if cfg.Store != want.Store || cfg.Interval != want.Interval || cfg.Timeout != want.Timeout || cfg.MaxSeries != want.MaxSeries ||
		cfg.TargetsFile != want.TargetsFile || cfg.BearerTokenFile != want.BearerTokenFile || cfg.TLS.CAFile != want.TLS.CAFile ||
		cfg.MaxSamples != want.MaxSamples || cfg.Concurrency != want.Concurrency {
		t.Errorf("config %+v", cfg)
	}
	if err := componenttest.CheckConfigStruct(cfg); err != nil {
		t.Error(err)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"nothing to scrape": {"{}", "targets: empty; list some, or set targets_file"},
		"no store":          {someTarget + "store: ''", "id must not be empty"},
		"an unknown key":    {someTarget + "intervall: 5s", "'meshmetrics.Config' has invalid keys: intervall"},
		"an unknown key of a target": {
			"targets: [{url: 'unix:///a.sock', sauce: envoy}]", "'targets[0]' has invalid keys: sauce",
		},
		"a short interval": {someTarget + "interval: 10ms\ntimeout: 10ms", "interval: 10ms: want at least 1s"},
		"a long timeout":   {someTarget + "timeout: 6s", "timeout: 6s: want more than 0 and at most the interval of 5s"},
		"no timeout":       {someTarget + "timeout: 0s", "timeout: 0s: want more than 0 and at most the interval of 5s"},
		"limits": {
			someTarget + "max_body_mib: 0\nmax_samples: 0\nmax_series: -1\nconcurrency: 0",
			"max_body_mib: 0: want at least 1\nmax_samples: 0: want at least 1\nmax_series: -1: want at least 1\nconcurrency: 0: want at least 1",
		},
		"a relative file":   {"targets_file: targets.yaml", `targets_file: "targets.yaml": want an absolute path`},
		"a broken pattern":  {"targets_file: '/run/[a'", `targets_file: "/run/[a": syntax error in pattern`},
		"a relative token":  {someTarget + "bearer_token_file: token", `bearer_token_file: "token": want an absolute path`},
		"a target without":  {"targets: [{}]", `targets[0].url: "": want http(s)://host:port/path or unix:///path/of.sock:/path`},
		"an unknown source": {"targets: [{url: 'unix:///a.sock', source: nginx}]", `targets[0].source: "nginx": want one of envoy, istio`},
		"one target twice":  {"targets: [{url: 'unix:///a.sock'}, {url: 'unix:///a.sock:/stats/prometheus'}]", `targets[1].url: "unix:///a.sock:/stats/prometheus": is the page of targets[0] too; its counters would count twice`},
		"a token in the clear": {
			"targets: [{url: 'http://10.0.0.1:15090'}]\nbearer_token_file: /run/token",
			`targets[0].url: "http://10.0.0.1:15090": the token of bearer_token_file would be sent in the clear; use https`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadConfig(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that contains %q", err, test.want)
			}
		})
	}
	if err := (&Config{Interval: time.Second}).Validate(); err == nil || !strings.Contains(err.Error(), "store: empty") {
		t.Errorf("without store: %v", err)
	}
}
