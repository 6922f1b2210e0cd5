package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfigDefaults(t *testing.T) {
	got, err := Config{Collector: "c"}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Collector: "c", BlockRows: 8192, BlockAge: time.Second, MaxPending: 64 << 20}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	set := Config{Collector: "c", BlockRows: 1, BlockAge: time.Minute, MaxPending: 2, Quarantine: "/q"}
	if got, err := set.withDefaults(); err != nil || !cmp.Equal(got, set) {
		t.Errorf("config = %+v, %v, want it unchanged", got, err)
	}
}

func TestConfigErrors(t *testing.T) {
	for want, cfg := range map[string]Config{
		"collector: a name is needed":            {},
		"block rows -1: want 1 to":               {Collector: "c", BlockRows: -1},
		"block rows 1000000: want 1 to":          {Collector: "c", BlockRows: 1_000_000},
		"block age 1ns: want at least 1ms":       {Collector: "c", BlockAge: 1},
		"max pending -1: want a number of bytes": {Collector: "c", MaxPending: -1},
	} {
		_, err := cfg.withDefaults()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	if _, err := New(Config{Collector: "c", DSN: "nonsense"}, (&logBuffer{}).logger()); err == nil || !strings.Contains(err.Error(), "parsing store dsn") {
		t.Errorf("error = %v, want one about the dsn", err)
	}
}
