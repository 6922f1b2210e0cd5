package peers

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

const (
	// suiteEnv switches the run on.
	suiteEnv = "PLIMSOLL_PEERS"
	// outputEnv names a file that keeps the whole output of the suite.
	outputEnv = "PLIMSOLL_PEERS_OUTPUT"

	address    = "127.0.0.1:21490"
	suiteLimit = 20 * time.Minute
)

func TestClickhouseGo(t *testing.T) {
	if os.Getenv(suiteEnv) == "" {
		t.Skipf("takes minutes and fetches modules: set %s=1 to run it", suiteEnv)
	}
	m := findModule(t, clickhouseGo)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(m.Dir)); err != nil {
		t.Fatal(err)
	}
	if err := forceHTTP(dir); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join("testdata", "clickhouse-go-"+m.Version+".txt")
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	expected, err := parseExpected(string(text))
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	outcomes := map[string]string{}
	count := map[string]int{}
	for name, outcome := range runSuite(t, dir).leaves() {
		if namesHTTP(name) {
			outcomes[name] = outcome
			count[outcome]++
		}
	}
	t.Logf("clickhouse-go %s, tests that name HTTP: %d pass, %d fail, %d skipped by the suite", m.Version, count["pass"], count["fail"], count["skip"])
	if count["pass"] == 0 {
		t.Error("no test passed: did the suite run?")
	}
	if err := judge(outcomes, expected); err != nil {
		t.Errorf("%s:\n%v", list, err)
	}
}

// runSuite runs the copied suite in dir against an engine on TCP.
func runSuite(t *testing.T, dir string) results {
	t.Helper()
	data := enginetest.Dir(t)
	enginetest.StartIn(t, data, func(c *engine.Config) { c.Listen = address })
	key, err := os.ReadFile(filepath.Join(data, "engine.key"))
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(address, ":")
	ctx, cancel := context.WithTimeout(t.Context(), suiteLimit)
	defer cancel()
	// One package at a time: they share the engine. Subtests of the other protocol
	// would test the same once more.
	cmd := exec.CommandContext(ctx, "go", "test", "-mod=mod", "-json", "-p=1", "-count=1", "-timeout=10m", "-skip=/^Native(_Protocol)?$",
		"./tests", "./tests/std", "./tests/issues")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CLICKHOUSE_USE_DOCKER=false", "CLICKHOUSE_HOST="+host,
		"CLICKHOUSE_PORT="+port, "CLICKHOUSE_HTTP_PORT="+port, "CLICKHOUSE_PASSWORD="+strings.TrimSpace(string(key)))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	runErr := cmd.Run() // a suite with failures ends with an error: the events tell
	if path := os.Getenv(outputEnv); path != "" {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Error(err)
		}
	}
	res, err := parseEvents(&out)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.outcome) == 0 {
		t.Fatalf("the suite did not run: %v\n%s", runErr, res.output[""])
	}
	return res
}
