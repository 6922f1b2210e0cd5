package meshstore

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func TestConfig(t *testing.T) {
	const dsn = "http://127.0.0.1:8123?database=plimsoll"
	onDisk, all := WALConfig{MaxMiB: 1024, Sync: true}, SamplingConfig{Requests: 1}
	defaults := Config{Endpoint: dsn, BlockRows: 8192, BlockAge: time.Second, MaxPendingMiB: 64, WAL: onDisk, Sampling: all}
	central := defaults
	central.Endpoint = "plimsoll+https://centre:4319?token_file=/t"
	type raw = map[string]any
	for name, test := range map[string]struct {
		raw  map[string]any
		want Config
		err  string // "": valid
	}{
		"defaults": {map[string]any{"endpoint": dsn}, defaults, ""},
		"all": {
			map[string]any{
				"endpoint": "unix:///run/ch.sock", "collector": "c", "block_rows": 100, "block_age": "250ms",
				"max_pending_mib": 8, "quarantine": "/var/q", "wal": raw{"directory": "/var/w", "max_mib": 64, "sync": false},
				"retention": raw{"spans": "48h"}, "sampling": raw{"requests": 0.25},
			},
			Config{
				"unix:///run/ch.sock", "c", 100, 250 * time.Millisecond,
				WALConfig{"/var/w", 64, false},
				8, "/var/q",
				map[string]time.Duration{"spans": 48 * time.Hour},
				SamplingConfig{0.25},
			},
			"",
		},
		"a central collector": {raw{"endpoint": "plimsoll+https://centre:4319?token_file=/t"}, central, ""},
		"plain relay":         {raw{"endpoint": "plimsoll+http://centre:4319?token_file=/t"}, Config{}, "endpoint: parsing the address of a central collector plimsoll+http://centre:4319?token_file=/t: centre is not this machine, and plimsoll+http is not encrypted: use plimsoll+https"},
		"bad replica":         {raw{"endpoint": "http://a,b c:8123?database=d"}, Config{}, `endpoint: server "b c:8123" of shard 1`},
		"relay and retention": {
			raw{"endpoint": "plimsoll+unix:///s", "retention": raw{"spans": "48h"}},
			Config{},
			"retention, sampling: set them at the central collector, which is the one to make the tables",
		},
		"relay and sampling":  {raw{"endpoint": "plimsoll+unix:///s", "sampling": raw{"requests": 0.5}}, Config{}, "retention, sampling: set them at the central collector"},
		"relative WAL":        {raw{"endpoint": dsn, "wal": raw{"directory": "w"}}, Config{}, `wal::directory: "w": want an absolute path`},
		"small WAL":           {raw{"endpoint": dsn, "wal": raw{"max_mib": 63}}, Config{}, "wal::max_mib: 63: want at least 64"},
		"unknown table":       {raw{"endpoint": dsn, "retention": raw{"request": "48h"}}, Config{}, `retention: there is no table "request"; tables are attempts, config_changes,`},
		"short retention":     {raw{"endpoint": dsn, "retention": raw{"spans": "1h"}}, Config{}, "retention of spans: 1h0m0s is not a number of whole seconds, at least 2h0m0s"},
		"retention in days":   {raw{"endpoint": dsn, "retention": raw{"spans": "3d"}}, Config{}, "'retention[spans]' time: unknown unit"},
		"no sample":           {raw{"endpoint": dsn, "sampling": raw{"requests": 0}}, Config{}, "sampling::requests: 0: want a share above 0 and up to 1"},
		"large sample":        {raw{"endpoint": dsn, "sampling": raw{"requests": 10}}, Config{}, "sampling::requests: 10: want a share above 0 and up to 1"},
		"no number":           {raw{"endpoint": dsn, "sampling": raw{"requests": math.NaN()}}, Config{}, "sampling::requests: NaN: want a share"},
		"unknown sample":      {raw{"endpoint": dsn, "sampling": raw{"spans": 0.5}}, Config{}, "spans"},
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
			case test.err == "" && !cmp.Equal(*cfg, test.want):
				t.Errorf("config (-want +got):\n%s", cmp.Diff(test.want, *cfg))
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
	cfg := &Config{
		Endpoint: "unix:///a.sock", Collector: "c", BlockRows: 5, BlockAge: time.Second, MaxPendingMiB: 2, Quarantine: "/q",
		WAL: WALConfig{Directory: "/w", MaxMiB: 3, Sync: true}, Retention: map[string]time.Duration{"spans": time.Hour}, Sampling: SamplingConfig{0.5},
	}
	got, err := cfg.pipeline()
	want := ingest.Config{
		DSN: "unix:///a.sock", Collector: "c", BlockRows: 5, BlockAge: time.Second, MaxPending: 2 << 20, Quarantine: "/q",
		WAL:    ingest.WALConfig{Directory: "/w", MaxBytes: 3 << 20},
		Schema: schema.Options{Retention: map[string]time.Duration{"spans": time.Hour}, RawShare: 0.5},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("settings (-want +got), %v:\n%s", err, diff)
	}
	cfg.WAL.Sync = false
	if got, err := cfg.pipeline(); !got.WAL.NoSync || err != nil {
		t.Errorf("without sync: %+v (%v)", got.WAL, err)
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
