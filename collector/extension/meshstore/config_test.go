package meshstore

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

func TestConfig(t *testing.T) {
	const dsn = "http://127.0.0.1:8123?database=plimsoll"
	defaults := Config{Endpoint: dsn, BlockRows: 8192, BlockAge: time.Second, MaxPendingMiB: 64}
	for name, test := range map[string]struct {
		raw  map[string]any
		want Config
		err  string // "": valid
	}{
		"defaults": {map[string]any{"endpoint": dsn}, defaults, ""},
		"all": {
			map[string]any{
				"endpoint": "unix:///run/ch.sock", "collector": "c", "block_rows": 100, "block_age": "250ms",
				"max_pending_mib": 8, "quarantine": "/var/q",
			},
			Config{"unix:///run/ch.sock", "c", 100, 250 * time.Millisecond, 8, "/var/q"},
			"",
		},
		"no endpoint":         {nil, Config{}, "endpoint: empty"},
		"bad endpoint":        {map[string]any{"endpoint": "tcp://x:9000"}, Config{}, `endpoint: parsing store dsn tcp://x:9000: unknown scheme "tcp"`},
		"no rows":             {map[string]any{"endpoint": dsn, "block_rows": 0}, Config{}, "block_rows: 0"},
		"too many rows":       {map[string]any{"endpoint": dsn, "block_rows": 1_000_000}, Config{}, "block_rows: 1000000"},
		"young":               {map[string]any{"endpoint": dsn, "block_age": "1ms"}, Config{}, "block_age: 1ms"},
		"old":                 {map[string]any{"endpoint": dsn, "block_age": "1m"}, Config{}, "block_age: 1m0s"},
		"no room":             {map[string]any{"endpoint": dsn, "max_pending_mib": 0}, Config{}, "max_pending_mib: 0"},
		"relative quarantine": {map[string]any{"endpoint": dsn, "quarantine": "q"}, Config{}, `quarantine: "q"`},
		"unknown field":       {map[string]any{"endpoint": dsn, "block_row": 1}, Config{}, "block_row"},
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
}

func TestPasswordIsNotRepeated(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = "ftp://user:secret@host?database=plimsoll"
	if err := cfg.Validate(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got error %v, want one without the password", err)
	}
	conf := confmap.New()
	if err := conf.Marshal(cfg); err != nil {
		t.Fatal(err)
	}
	if text := conf.Get("endpoint").(string); strings.Contains(text, "secret") {
		t.Errorf("the printed config holds %q", text)
	}
}

func TestPipelineSettings(t *testing.T) {
	cfg := &Config{Endpoint: "unix:///a.sock", Collector: "c", BlockRows: 5, BlockAge: time.Second, MaxPendingMiB: 2, Quarantine: "/q"}
	got, err := cfg.pipeline()
	want := ingest.Config{DSN: "unix:///a.sock", Collector: "c", BlockRows: 5, BlockAge: time.Second, MaxPending: 2 << 20, Quarantine: "/q"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("settings (-want +got), %v:\n%s", err, diff)
	}
	cfg.Collector = ""
	host, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	if got, err := cfg.pipeline(); got.Collector != host || err != nil {
		t.Errorf("a collector without name is called %q (%v), want %q", got.Collector, err, host)
	}
}
