package meshmetrics

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/page"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

// metrics lists what the receiver reports of one name, a "labels value" each.
func metrics(t *testing.T, tel *componenttest.Telemetry, name string) []string {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %d", p.Attributes.Encoded(attribute.DefaultEncoder()), p.Value)))
	}
	slices.Sort(lines)
	return lines
}

// TestTelemetry scrapes three pages and a broken one, and reads all metrics.
func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { _ = tel.Shutdown(context.Background()) }()
	f := newFakeTarget(t)
	cfg := createDefaultConfig().(*Config)
	r, err := newReceiver(cfg, tel.NewTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	r.sink = newFakeStore()
	clk := newClock()
	r.now = clk.now
	up, err := r.newWorker(placed(t, target.Target{URL: f.URL, Proxy: "p"}))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := r.newWorker(placed(t, target.Target{URL: "unix:///nowhere"}))
	if err != nil {
		t.Fatal(err)
	}
	for i, page := range []string{
		pageOf(retries+logs, 5, 1) + "go_goroutines 7\n",
		pageOf(retries+coded, 4, 1) + "envoy_listener_admin_downstream_cx_total 3\n" + pageOf(retries, 4),
		pageOf(retries, 4) + "broken",
	} {
		clk.passSeconds(5)
		f.set(page)
		if ok := up.scrape(t.Context()); ok != (i < 2) {
			t.Errorf("page %d was read: %v", i, ok)
		}
	}
	r.telemetry.discovery.Add(1)
	r.telemetry.edges.Add(1)
	for name, want := range map[string][]string{
		"plimsoll_scrape_targets":          {"state=down 1", "state=new 1", "state=up 0"},
		"plimsoll_scrape_pages":            {"2"},
		"plimsoll_scrape_failed":           {"reason=truncated 1"},
		"plimsoll_scrape_samples":          {"fate=all 8", "fate=repeat 1", "fate=unmapped 1"},
		"plimsoll_scrape_refused":          {"reason=duplicate 1"},
		"plimsoll_scrape_resets":           {"1"},
		"plimsoll_scrape_forgotten":        {"1"},
		"plimsoll_scrape_series":           {"2"},
		"plimsoll_scrape_rows":             {"kind=edge 1", "kind=stat 6"},
		"plimsoll_scrape_discovery_errors": {"1"},
	} {
		if diff := cmp.Diff(want, metrics(t, tel, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	up.close()
	fresh.close()
	if got := metrics(t, tel, "plimsoll_scrape_series"); !slices.Equal(got, []string{"0"}) {
		t.Errorf("series after the end: %v", got)
	}
	shutdown(t, r)
}

// TestMetadata holds metadata.yaml and the README to the metrics that there are.
func TestMetadata(t *testing.T) {
	text, err := os.ReadFile("metadata.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Type      string
		Telemetry struct {
			Metrics map[string]struct {
				Description, Unit string
				Attributes        []string
			}
		}
	}
	if err := yaml.Unmarshal(text, &metadata); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("telemetry.go")
	if err != nil {
		t.Fatal(err)
	}
	if metadata.Type != typeName || len(metadata.Telemetry.Metrics) != strings.Count(string(source), `"plimsoll_scrape_`) {
		t.Errorf("metadata.yaml has type %q and %d metrics", metadata.Type, len(metadata.Telemetry.Metrics))
	}
	for name, m := range metadata.Telemetry.Metrics {
		if !strings.Contains(string(source), fmt.Sprintf("%q, %q, %q", name, m.Unit, m.Description)) {
			t.Errorf("%s is not registered as metadata.yaml describes it", name)
		}
		labels := ""
		if len(m.Attributes) > 0 {
			labels = "`" + strings.Join(m.Attributes, "`, `") + "` "
		}
		if row := fmt.Sprintf("| `%s` | %s| %s |", name, labels, m.Description); !strings.Contains(string(readme), row) {
			t.Errorf("the README lacks the row %s", row)
		}
	}
}

func TestReasons(t *testing.T) {
	for err, want := range map[error]reason{
		errStatus(503):                         reasonStatus,
		context.DeadlineExceeded:               reasonTimeout,
		errToken:                               reasonToken,
		errIdentity:                            reasonIdentity,
		errCrowded:                             reasonCrowded,
		page.ErrContentType:                    reasonContentType,
		page.ErrSyntax:                         reasonSyntax,
		page.ErrTruncated:                      reasonTruncated,
		page.ErrTooLarge:                       reasonTooLarge,
		page.ErrTooMany:                        reasonTooMany,
		errors.New("dialling: no such socket"): reasonUnreachable,
	} {
		if got := reasonOf(fmt.Errorf("scraping: %w", err)); got != want {
			t.Errorf("%v is sorted as %v, want %v", err, got, want)
		}
	}
	for reason, name := range reasonNames {
		if name == "" {
			t.Errorf("reason %d has no name", reason)
		}
	}
}
