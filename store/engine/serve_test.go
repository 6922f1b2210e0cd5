package engine_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/engine/sandbox"
)

// sleeping is a statement that takes n seconds.
func sleeping(n string) string {
	return "SELECT count(), sum(sleepEachRow(1)) FROM numbers(" + n + ") SETTINGS max_block_size = 1, max_threads = 1, function_sleep_max_microseconds_per_block = 0"
}

const running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'"

func TestStopWaitsForAShortStatement(t *testing.T) {
	t.Parallel()
	e := enginetest.StartIn(t, enginetest.Dir(t))
	answer := make(chan string, 1)
	go func() { answer <- enginetest.Post(t, e.Socket, sleeping("2"), "").Body }()
	waitFor(t, "the statement to run", func() bool { return ask(t, e, running) == "1" })
	e.Stop()
	if got := <-answer; got != "2\t0\n" {
		t.Errorf("answer = %q, want the whole result", got)
	}
}

func TestStopKillsALongStatement(t *testing.T) {
	t.Parallel()
	e := enginetest.StartIn(t, enginetest.Dir(t))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/", strings.NewReader(sleeping("600")))
	if err != nil {
		t.Fatal(err)
	}
	client := enginetest.Client(t, e.Socket)
	failed := make(chan error, 1)
	go func() {
		response, err := client.Do(request)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		failed <- err
	}()
	waitFor(t, "the statement to run", func() bool { return ask(t, e, running) == "1" })
	e.Stop() // fails the test unless the child ends by itself
	if err := <-failed; err == nil {
		t.Error("the client got an answer to a statement of ten minutes")
	}
}

// TestSandboxHoldsTheEngineIn tries every way out that SQL has.
func TestSandboxHoldsTheEngineIn(t *testing.T) {
	if err := sandbox.Supported(); err != nil {
		t.Skip(err)
	}
	dir := enginetest.Dir(t)
	secret := filepath.Join(dir, "secret.txt")
	if err := os.WriteFile(secret, []byte("s3cr3t"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := enginetest.StartIn(t, dir)
	outfile := filepath.Join(dir, "out.txt")
	for _, sql := range []string{
		"SELECT file('" + secret + "')",
		"SELECT * FROM file('" + secret + "', 'LineAsString')",
		"SELECT * FROM `" + secret + "`",
		"SELECT file('/etc/passwd')",
		"SELECT file('" + filepath.Join(dir, "engine.lock") + "')",
		"SELECT 1 INTO OUTFILE '" + outfile + "'",
		"INSERT INTO FUNCTION file('" + outfile + "', 'CSV', 'a Int8') VALUES (1)",
		"SELECT * FROM url('http://127.0.0.1:21099/', 'LineAsString')",
		"CREATE TABLE x (a Int8) ENGINE = File('CSV', '/etc/x')",
	} {
		r := enginetest.Post(t, e.Socket, sql, "")
		if strings.Contains(r.Body, "s3cr3t") || strings.Contains(r.Body, "root:") {
			t.Errorf("%s: read %q", sql, r.Body)
		}
		if r.Status == http.StatusOK && !strings.HasPrefix(sql, "CREATE") {
			t.Errorf("%s: accepted: %q", sql, r.Body)
		}
	}
	if _, err := os.Stat(outfile); err == nil {
		t.Error("the engine wrote outside of its directory")
	}
	if r := enginetest.Post(t, e.Socket, "SELECT file('/proc/self/environ')", ""); strings.Contains(r.Body, "HOME=") || strings.Contains(r.Body, "PATH=") {
		t.Errorf("the engine has an environment: %q", r.Body)
	}
	ask(t, e, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	ask(t, e, "INSERT INTO t SELECT number FROM numbers(10)")
	ask(t, e, "OPTIMIZE TABLE t FINAL")
}

// TestSandboxLeavesRoomToSpill needs the engine's own temporary files.
func TestSandboxLeavesRoomToSpill(t *testing.T) {
	e := enginetest.StartIn(t, enginetest.Dir(t))
	const spill = " SETTINGS max_bytes_before_external_group_by = 10000000, max_bytes_ratio_before_external_group_by = 0"
	if got := ask(t, e, "SELECT count() FROM (SELECT number FROM numbers(2000000) GROUP BY number)"+spill); got != "2000000" {
		t.Errorf("groups = %s", got)
	}
	if got := ask(t, e, "SELECT sum(value) > 0 FROM system.events WHERE event = 'ExternalAggregationWritePart'"); got != "1" {
		t.Error("nothing was spilled to disk")
	}
}

func TestTCPNeedsTheKey(t *testing.T) {
	dir := enginetest.Dir(t)
	const address = "127.0.0.1:21001"
	e := enginetest.StartIn(t, dir, func(c *engine.Config) { c.Listen = address })
	text, err := os.ReadFile(filepath.Join(dir, "engine.key"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(text))
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(key) {
		t.Errorf("key = %q", key)
	}
	for _, path := range []string{filepath.Join(dir, "engine.key"), "/proc/self/fd/6", "/proc/self/fd/7"} {
		if r := enginetest.Post(t, e.Socket, "SELECT file('"+path+"')", ""); strings.Contains(r.Body, key) {
			t.Errorf("SQL reads the key from %s", path)
		}
	}
	for _, tt := range []struct {
		name, header, value string
		status              int
	}{
		{"no key", "X-Any", "", 403},
		{"wrong key", "X-ClickHouse-Key", "0000", 403},
		{"key", "X-ClickHouse-Key", key, 200},
		{"key of a web page", "Origin", "http://evil.example", 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/", strings.NewReader("SELECT 1"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(tt.header, tt.value)
			if got := enginetest.Do(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, r); got.Status != tt.status {
				t.Errorf("status = %d, want %d: %s", got.Status, tt.status, got.Body)
			}
		})
	}
}

func TestMemoryLimitOfTheEngine(t *testing.T) {
	e := enginetest.StartIn(t, enginetest.Dir(t), func(c *engine.Config) { c.Memory = 400 << 20 })
	if got := ask(t, e, "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"); got != "419430400" {
		t.Errorf("max_server_memory_usage = %s", got)
	}
	// The limit of the query is raised: that of the engine must hold.
	r := enginetest.Post(t, e.Socket, "SELECT length(groupArray(number)) FROM numbers(200000000) SETTINGS max_memory_usage = 0", "")
	if r.Header.Get("X-ClickHouse-Exception-Code") != "241" {
		t.Errorf("%d %s, want exception 241", r.Status, r.Body)
	}
	if got := ask(t, e, "SELECT 1"); got != "1" {
		t.Errorf("afterwards: %s", got)
	}
}
