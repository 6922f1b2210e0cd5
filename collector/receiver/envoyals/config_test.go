package envoyals

import (
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfig(t *testing.T) {
	for name, test := range map[string]struct {
		raw  map[string]any
		want Config
		err  string // "": valid
	}{
		"default": {nil, Config{"127.0.0.1:19001", component.MustNewID("meshstore")}, ""},
		"all": {
			map[string]any{"endpoint": "0.0.0.0:1", "store": "meshstore/b"},
			Config{"0.0.0.0:1", component.MustNewIDWithName("meshstore", "b")},
			"",
		},
		"socket":          {map[string]any{"endpoint": "unix:///run/als.sock"}, Config{"unix:///run/als.sock", component.MustNewID("meshstore")}, ""},
		"relative socket": {map[string]any{"endpoint": "unix://als.sock"}, Config{}, "must be absolute"},
		"no port":         {map[string]any{"endpoint": "127.0.0.1"}, Config{}, "want host:port or unix:///path"},
		"empty":           {map[string]any{"endpoint": ""}, Config{}, "want host:port or unix:///path"},
		"unknown field":   {map[string]any{"endpont": "x"}, Config{}, "endpont"},
		"bad store":       {map[string]any{"store": "9"}, Config{}, "store"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			err := confmap.NewFromStringMap(test.raw).Unmarshal(cfg)
			if err == nil {
				err = cfg.Validate()
			}
			switch {
			case test.err == "" && err != nil:
				t.Error(err)
			case test.err == "" && *cfg != test.want:
				t.Errorf("got %+v, want %+v", *cfg, test.want)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got error %v, want one that contains %q", err, test.err)
			}
		})
	}
	if err := (&Config{Endpoint: "127.0.0.1:1"}).Validate(); err == nil || !strings.Contains(err.Error(), "store: empty") {
		t.Errorf("without store: %v", err)
	}
}
