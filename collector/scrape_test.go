package collector

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// TestScrape reads the collector's own metrics where Prometheus would: what went
// in, what was stored, and how the log is.
func TestScrape(t *testing.T) {
	dsn, dir := enginetest.Start(t), enginetest.Dir(t)
	socket, port := filepath.Join(dir, "als.sock"), freePort(t)
	environment(t, dsn, "unix://"+socket)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, "test", []string{
			"testdata/config.yaml",
			"yaml:extensions::meshstore::wal::directory: " + filepath.Join(dir, "wal"),
			"yaml:service::telemetry::metrics::level: normal",
			fmt.Sprintf("yaml:service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]", port),
		})
	}()
	awaitSocket(t, socket, ended)
	const messages = 50
	stream := dial(t, socket)
	for i := range messages {
		m := alstest.Message(nil, alstest.Outbound(), alstest.Try())
		if i == 0 {
			m.Identifier = alstest.Identifier("mesh.request")
		}
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	var got map[string]float64
	poll(t, func() bool {
		got = scrape(t, port)
		return got[`plimsoll_store_stored{table="requests"}`] == messages && got[`plimsoll_store_stored{table="attempts"}`] == messages
	})
	for series, want := range map[string]float64{
		`plimsoll_als_entries{kind="request",outcome="ok"}`:      messages,
		`plimsoll_als_entries{kind="attempt",outcome="timeout"}`: messages,
		`plimsoll_als_streams`:                                   1,
		`plimsoll_store_rows{table="requests"}`:                  messages,
		`plimsoll_store_rows{table="attempts"}`:                  messages,
		`plimsoll_store_rows{table="spans"}`:                     0,
		`plimsoll_store_lost{table="requests"}`:                  0,
		`plimsoll_store_quarantined{table="requests"}`:           0,
		`plimsoll_store_retries{table="requests"}`:               0,
		`plimsoll_store_waiting`:                                 0,
		`plimsoll_store_clamped`:                                 2 * messages, // the entries are of long ago
		`plimsoll_als_clamped`:                                   2 * messages,
		`plimsoll_store_proxy_drops`:                             0,
		`plimsoll_wal_failures`:                                  0,
		`plimsoll_wal_damaged`:                                   0,
		`plimsoll_store_block_size_count{table="requests"}`:      got[`plimsoll_store_blocks{table="requests"}`],
		`plimsoll_store_block_size_sum{table="requests"}`:        got[`plimsoll_store_bytes{table="requests"}`],
	} {
		if v, ok := got[series]; !ok || v != want {
			t.Errorf("%s: got %v (there: %t), want %v", series, v, ok, want)
		}
	}
	for _, series := range []string{
		`plimsoll_store_blocks{table="requests"}`, `plimsoll_store_bytes{table="requests"}`,
		`plimsoll_store_insert_duration_count{table="requests"}`, `plimsoll_store_insert_duration_sum{table="requests"}`,
		`plimsoll_wal_appended`, `plimsoll_wal_syncs`, `plimsoll_wal_sync_time`, `plimsoll_wal_size`, `plimsoll_wal_segments`,
	} {
		if got[series] <= 0 {
			t.Errorf("%s: got %v, want more than nothing", series, got[series])
		}
	}
	documented(t, got)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	_, _ = stream.CloseAndRecv()
}

// documented holds what is scraped to the metadata.yaml of the components.
func documented(t *testing.T, got map[string]float64) {
	t.Helper()
	known := map[string]bool{}
	for _, component := range []string{"extension/meshstore", "receiver/envoyals"} {
		data, err := os.ReadFile(filepath.Join(component, "metadata.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var meta struct {
			Telemetry struct {
				Metrics map[string]struct{ Histogram *struct{} }
			}
		}
		if err := yaml.Unmarshal(data, &meta); err != nil {
			t.Fatal(err)
		}
		for name, m := range meta.Telemetry.Metrics {
			known[name] = true
			if m.Histogram != nil {
				known[name+"_count"], known[name+"_sum"], known[name+"_bucket"] = true, true, true
			}
		}
	}
	for series := range got {
		name, _, _ := strings.Cut(series, "{")
		if strings.HasPrefix(name, "plimsoll_") && !known[name] {
			t.Errorf("%s is in no metadata.yaml", name)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// scrape returns the values of all series, by the text before them.
func scrape(t *testing.T, port int) map[string]float64 {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		line := lines.Text()
		i := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || i < 0 {
			continue
		}
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		values[line[:i]] = v
	}
	return values
}
