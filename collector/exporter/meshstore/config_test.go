package meshstore

import (
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfig(t *testing.T) {
	for name, test := range map[string]struct {
		raw  map[string]any
		want component.ID
		err  string // "": valid
	}{
		"default":       {nil, component.MustNewID("meshstore"), ""},
		"named":         {map[string]any{"store": "meshstore/b"}, component.MustNewIDWithName("meshstore", "b"), ""},
		"other type":    {map[string]any{"store": "elsewhere"}, component.MustNewID("elsewhere"), ""}, // only the host knows
		"bad store":     {map[string]any{"store": "9"}, component.ID{}, "decoding failed due to the following error(s):\n\n'store' in \"9\" id: invalid character(s) in type \"9\""},
		"empty store":   {map[string]any{"store": ""}, component.ID{}, "decoding failed due to the following error(s):\n\n'store' id must not be empty"},
		"unknown field": {map[string]any{"stroe": "meshstore"}, component.ID{}, "decoding failed due to the following error(s):\n\n'meshstore.Config' has invalid keys: stroe"},
		"no queue":      {map[string]any{"sending_queue": nil}, component.ID{}, "decoding failed due to the following error(s):\n\n'meshstore.Config' has invalid keys: sending_queue"},
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
			case test.err == "" && cfg.Store != test.want:
				t.Errorf("got %v, want %v", cfg.Store, test.want)
			case test.err != "" && (err == nil || err.Error() != test.err):
				t.Errorf("got error %q, want %q", err, test.err)
			}
		})
	}
	const empty = "store: empty; name the extension that stores the records, such as meshstore"
	if err := (&Config{}).Validate(); err == nil || err.Error() != empty {
		t.Errorf("without store: got error %v, want %q", err, empty)
	}
}
