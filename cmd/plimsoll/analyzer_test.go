package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// startAnalyzer runs "plimsoll analyzer run" over an embedded store until the
// test ends, points the environment at it, and returns the store's DSN.
func startAnalyzer(t *testing.T) (dsn string) {
	t.Helper()
	dsn = enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "analyzer.yaml")
	text := fmt.Sprintf("store: %s\nlisten: %s\nstate: state\nevaluate_every: 1s\n", dsn, address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan outcome, 1)
	go func() { done <- plimsoll(ctx, "analyzer", "run", "--config", config) }()
	t.Cleanup(func() {
		cancel()
		if got := <-done; got.code != exitOK || !strings.Contains(got.stderr, "analyzer serves") {
			t.Errorf("analyzer run ended with exit code %d and %s", got.code, got.stderr)
		}
	})
	t.Setenv(urlEnv, "http://"+address)
	t.Setenv(tokenFileEnv, filepath.Join(dir, "state", "operator.token"))
	return dsn
}

// TestAnalyzerAnswersTheCommandLine asks a real analyzer over a real store with
// every command that reads.
func TestAnalyzerAnswersTheCommandLine(t *testing.T) {
	dsn := startAnalyzer(t)
	if got := plimsollEventually(t, "graph"); got.code != exitUnavailable || !strings.Contains(got.stderr, "no collector") {
		t.Errorf("without a collector: exit code %d, stderr %q", got.code, got.stderr)
	}
	storeTraffic(t, dsn, 2*time.Hour)
	for line, want := range map[string]outcome{
		"graph":                 {stdout: "web   db    r       client      3", stderr: "ago, and no collector has brought newer ones"},
		"slo list":              {stderr: "No SLOs"},
		"tune plan -n n web db": {stdout: "INSUFFICIENT", code: exitNotEnough},
		"doctor -o json":        {stdout: "no collector has reported for 2h0m", code: exitFindings},
	} {
		t.Run("dead collector: "+line, func(t *testing.T) {
			got := plimsoll(t.Context(), strings.Fields(line)...)
			if got.code != want.code || !strings.Contains(got.stdout, want.stdout) || !strings.Contains(got.stderr, want.stderr) {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
	storeTraffic(t, dsn, 0)
	for _, c := range []struct {
		line string
		code int
		text string
	}{
		{"graph", exitOK, "web   db    r       client      3"},
		{"graph -o name", exitOK, "m/c/n/web m/c/n/db r\n"},
		{"graph -n n --service db -o wide", exitOK, "ok=3"},
		{"graph -n elsewhere", exitOK, ""},
		{"slo list", exitOK, ""},
		{"alerts list", exitOK, ""},
		{"tune plan -n n web db", exitNotEnough, "INSUFFICIENT"},
		{"tune history", exitOK, "web → db (n)"},
		{"tune apply plan-none", exitFailure, ""},
	} {
		t.Run(c.line, func(t *testing.T) {
			got := plimsoll(t.Context(), strings.Fields(c.line)...)
			if got.code != c.code || !strings.Contains(got.stdout, c.text) {
				t.Errorf("exit code %d, want %d with %q on stdout\n%s", got.code, c.code, c.text, got)
			}
		})
	}
}

// plimsollEventually repeats a command line until an analyzer answers it.
func plimsollEventually(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		got := plimsoll(ctx, args...)
		if !strings.Contains(got.stderr, "no analyzer answers") && !strings.Contains(got.stderr, "reading the token") {
			return got
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the analyzer does not answer: %s", got)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// storeTraffic stores three requests and the heartbeat of a collector, all some
// time ago.
func storeTraffic(t *testing.T, dsn string, ago time.Duration) {
	t.Helper()
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := query.OpenWriter(parsed)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	now := time.Now().Add(-ago).UnixMicro()
	for _, sql := range []string{
		`INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, route, outcome, duration_us, duration_bin)
			SELECT fromUnixTimestamp64Micro(%d - 10000000, 'UTC'), 'client', 'm/c/n/web', 'web', 'm/c/n/db', 'db', 'r', 'ok', 100, 100 FROM numbers(3)`,
		`INSERT INTO heartbeats_in (ts, collector, complete_through)
			SELECT fromUnixTimestamp64Micro(%[1]d, 'UTC'), 'c1', fromUnixTimestamp64Micro(%[1]d, 'UTC')`,
	} {
		if err := conn.Exec(t.Context(), fmt.Sprintf(sql, now)); err != nil {
			t.Fatal(err)
		}
	}
}
