package main

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// TestDoctorVerifiesARealLog lets a pipeline store rows through a write-ahead
// log, and compares the two over the command line: while the pipeline holds the
// log, and after rows were lost and doubled in the store.
func TestDoctorVerifiesARealLog(t *testing.T) {
	dsn := startAnalyzer(t)
	dir := filepath.Join(t.TempDir(), "wal")
	p, err := ingest.New(ingest.Config{DSN: dsn, Collector: "c1", BlockRows: 10, BlockAge: time.Minute, WAL: ingest.WALConfig{Directory: dir}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for range 95 {
		p.Request(&record.Request{End: now})
		p.Log(&record.Log{At: now})
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	verify := func(code int, texts ...string) {
		t.Helper()
		got := plimsoll(t.Context(), "doctor", "--verify", dir)
		squeezed := wideGap.ReplaceAllString(got.stdout, gap)
		for _, text := range texts {
			if !strings.Contains(squeezed, text) {
				t.Errorf("no %q in\n%s", text, got)
			}
		}
		if got.code != code {
			t.Errorf("exit code %d, want %d: %s", got.code, code, got)
		}
	}
	verify(exitOK, "logs   10   10   0   0   0   0   95", "requests   10   10   0   0   0   0   95")
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := query.OpenWriter(parsed)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range []string{"TRUNCATE TABLE logs", "INSERT INTO requests SELECT * FROM requests"} {
		if err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	verify(exitFindings, "block-missing   logs   10 of 10", "block-double   requests   10 of 10")
}
