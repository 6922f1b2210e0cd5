package meshmetrics

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Lines of pages.
const (
	retries = `envoy_cluster_upstream_rq_retry{envoy_cluster_name="a"} %v` + "\n"
	open    = `envoy_cluster_circuit_breakers_default_rq_open{envoy_cluster_name="a"} %v` + "\n"
	logs    = "envoy_access_logs_grpc_access_log_logs_written{} %v\n"
	heap    = "envoy_server_memory_heap_size{} %v\n"
	coded   = `envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="a"} %v` + "\n"
	uptime  = "envoy_server_uptime{} %v\n"
)

// page fills values into lines.
func pageOf(format string, values ...any) string { return fmt.Sprintf(format, values...) }

// round is one scrape of a script: the page, how long after the one before, and
// the rows that it makes. The row "up" is left out.
type round struct {
	page  string
	after int // seconds
	want  []string
}

func runRounds(t *testing.T, rounds []round) {
	t.Helper()
	f := newFakeTarget(t)
	s, store, clk := startScraper(t, target.Target{URL: f.URL, Proxy: "p", Node: "n"})
	for i, r := range rounds {
		clk.passSeconds(r.after)
		f.set(r.page)
		scrapeOK(t, s)
		var got []string
		for _, line := range lines(store.take()) {
			if !strings.HasPrefix(line, "server up ") && !strings.HasPrefix(line, "server uptime ") {
				got = append(got, line)
			}
		}
		if diff := cmp.Diff(r.want, got); diff != "" {
			t.Errorf("round %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestCounters(t *testing.T) {
	for name, rounds := range map[string][]round{
		"a counter has rows when it grew": {
			{pageOf(retries, 5), 5, []string{"cluster a upstream_rq_retry counter 0 of 5"}},
			{pageOf(retries, 7), 5, []string{"cluster a upstream_rq_retry counter 2 of 7 in 5s"}},
			{pageOf(retries, 7), 5, nil},
			{pageOf(retries, 8), 5, []string{"cluster a upstream_rq_retry counter 1 of 8 in 5s"}},
		},
		"one that is zero at first has none": {
			{pageOf(retries, 0), 5, nil},
			{pageOf(retries, 1), 5, []string{"cluster a upstream_rq_retry counter 1 of 1 in 5s"}},
		},
		"what accounts for loss always has": {
			{pageOf(logs, 0), 5, []string{"log grpc_access_log logs_written counter 0 of 0"}},
			{pageOf(logs, 0), 5, []string{"log grpc_access_log logs_written counter 0 of 0 in 5s"}},
			{pageOf(logs, 3), 5, []string{"log grpc_access_log logs_written counter 3 of 3 in 5s"}},
		},
		"a reset": {
			{pageOf(retries, 5), 5, []string{"cluster a upstream_rq_retry counter 0 of 5"}},
			{pageOf(retries, 0), 5, []string{"cluster a upstream_rq_retry counter 0 of 0 in 5s reset"}},
			{pageOf(retries, 1), 5, []string{"cluster a upstream_rq_retry counter 1 of 1 in 5s"}},
		},
		"a status that is seen for the first time": {
			{pageOf(retries, 0), 5, nil},
			{pageOf(retries+coded, 0, 4), 5, []string{"cluster a upstream_rq_503 counter 4 of 4 in 5s"}},
		},
		"an evicted stat that comes back larger": {
			{pageOf(retries+coded, 0, 4), 5, []string{"cluster a upstream_rq_503 counter 0 of 4"}},
			{pageOf(retries, 0), 5, nil},
			{pageOf(retries+coded, 0, 6), 5, []string{"cluster a upstream_rq_503 counter 6 of 6 in 5s"}},
		},
		"values that are none": {
			{pageOf(retries, 5), 5, []string{"cluster a upstream_rq_retry counter 0 of 5"}},
			{pageOf(retries, "NaN"), 5, nil},
			{pageOf(retries, -1), 5, nil},
			{pageOf(retries, "+Inf"), 5, nil},
			{pageOf(retries, 6), 5, []string{"cluster a upstream_rq_retry counter 1 of 6 in 20s"}},
		},
		"a series that stands twice counts once": {
			{pageOf(retries+retries, 5, 9), 5, []string{"cluster a upstream_rq_retry counter 0 of 5"}},
			{pageOf(retries+retries+open+open, 6, 9, 1, 0), 5, []string{
				"cluster a circuit_breakers.default.rq_open gauge 1 of 1", "cluster a upstream_rq_retry counter 1 of 6 in 5s",
			}},
		},
		"a restart that only the uptime tells": {
			{pageOf(retries+uptime, 5, 1000), 5, []string{"cluster a upstream_rq_retry counter 0 of 5"}},
			{pageOf(retries+uptime, 6, 1005), 5, []string{"cluster a upstream_rq_retry counter 1 of 6 in 5s"}},
			{pageOf(retries+uptime, 7, 1005), 5, []string{"cluster a upstream_rq_retry counter 1 of 7 in 5s"}}, // not flushed
			{pageOf(retries+uptime, 9, 2), 5, []string{"cluster a upstream_rq_retry counter 9 of 9 in 5s reset"}},
		},
	} {
		t.Run(name, func(t *testing.T) { runRounds(t, rounds) })
	}
}

func TestGauges(t *testing.T) {
	for name, rounds := range map[string][]round{
		"one has rows when it changes, and each minute": {
			{pageOf(open, 0), 5, []string{"cluster a circuit_breakers.default.rq_open gauge 0 of 0"}},
			{pageOf(open, 1), 5, []string{"cluster a circuit_breakers.default.rq_open gauge 1 of 1"}},
			{pageOf(open, 1), 55, nil},
			{pageOf(open, 1), 5, []string{"cluster a circuit_breakers.default.rq_open gauge 1 of 1"}},
			{pageOf(open, 0), 5, []string{"cluster a circuit_breakers.default.rq_open gauge 0 of 0"}},
			{pageOf(open, 0), 600, nil}, // zero is said once
		},
		"one that always changes has rows each minute": {
			{pageOf(heap, 100), 5, []string{"server memory_heap_size gauge 100 of 100"}},
			{pageOf(heap, 101), 5, nil},
			{pageOf(heap, 102), 55, []string{"server memory_heap_size gauge 102 of 102"}},
		},
		"one that goes and comes": {
			{pageOf(open, 1), 5, []string{"cluster a circuit_breakers.default.rq_open gauge 1 of 1"}},
			{"", 5, nil},
			{pageOf(open, 1), 5, []string{"cluster a circuit_breakers.default.rq_open gauge 1 of 1"}},
		},
		"no number": {{pageOf(open+heap, "NaN", "+Inf"), 5, nil}},
	} {
		t.Run(name, func(t *testing.T) { runRounds(t, rounds) })
	}
}

// TestGap lets scrapes fail: no row says zero, the next one grows over the whole
// time, and rows "up" say when that was.
func TestGap(t *testing.T) {
	f := newFakeTarget(t)
	s, store, clk := startScraper(t, target.Target{URL: f.URL, Proxy: "p", Node: "n"})
	f.set(pageOf(logs, 10))
	scrapeOK(t, s)
	clk.passSeconds(5)
	f.status.Store(500)
	for range 3 {
		if err := s.scrape(t.Context()); err == nil || reasonOf(err) != reasonStatus {
			t.Fatalf("error %v", err)
		}
		clk.passSeconds(5)
	}
	f.status.Store(0)
	f.set(pageOf(logs, 25))
	scrapeOK(t, s)
	want := []string{
		"log grpc_access_log logs_written counter 0 of 10",
		"log grpc_access_log logs_written counter 15 of 25 in 20s",
		"server up gauge 0 of 0",
		"server up gauge 1 of 1",
		"server up gauge 1 of 1",
	}
	if diff := cmp.Diff(want, lines(store.take())); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestBrokenPages has pages of which a part was read when they broke: none of it
// counts, and the next page goes on from the one before.
func TestBrokenPages(t *testing.T) {
	for name, test := range map[string]struct {
		page, contentType string
		change            func(*scraper)
		want              reason
	}{
		"cut off":             {page: pageOf(retries, 6) + "envoy_cluster_up", want: reasonTruncated},
		"not its format":      {page: pageOf(retries, 6) + "<html>\n", want: reasonSyntax},
		"another format":      {page: pageOf(retries, 6), contentType: "application/json", want: reasonContentType},
		"too many samples":    {page: pageOf(retries+open, 6, 1), change: func(s *scraper) { s.limits.Samples = 1 }, want: reasonTooMany},
		"too large":           {page: pageOf(retries+open, 6, 1), change: func(s *scraper) { s.limits.Bytes = 80 }, want: reasonTooLarge},
		"OpenMetrics, no end": {page: pageOf(retries, 6), contentType: "application/openmetrics-text", want: reasonTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeTarget(t)
			s, store, clk := startScraper(t, target.Target{URL: f.URL, Proxy: "p"})
			f.set(pageOf(retries, 5))
			scrapeOK(t, s)
			limits, contentType := s.limits, f.contentType
			store.take()
			clk.passSeconds(5)
			f.set(test.page)
			if test.contentType != "" {
				f.contentType = test.contentType
			}
			if test.change != nil {
				test.change(s)
			}
			if err := s.scrape(t.Context()); err == nil || reasonOf(err) != test.want {
				t.Errorf("error %v, want one for %v", err, test.want)
			}
			if diff := cmp.Diff([]string{"server up gauge 0 of 0"}, lines(store.take())); diff != "" {
				t.Errorf("rows of a broken page (-want +got):\n%s", diff)
			}
			s.limits, f.contentType = limits, contentType
			clk.passSeconds(5)
			f.set(pageOf(retries, 8))
			scrapeOK(t, s)
			want := []string{"cluster a upstream_rq_retry counter 3 of 8 in 10s", "server up gauge 1 of 1"}
			if diff := cmp.Diff(want, lines(store.take())); diff != "" {
				t.Errorf("rows afterwards (-want +got):\n%s", diff)
			}
		})
	}
}

const info = `{"state": "LIVE", "uptime_current_epoch": "%ds", "node": {"id": "sidecar~10.0.0.1~reviews-v2.shop~bookinfo",
  "cluster": "reviews.shop", "metadata": {"CLUSTER_ID": "east"}}}`

// TestIdentity asks an admin interface who it is once per connection, and tells
// a new process by it, though its counters are larger and the clock was moved.
func TestIdentity(t *testing.T) {
	f := newFakeTarget(t)
	say := func(uptime int) { text := fmt.Sprintf(info, uptime); f.info.Store(&text) }
	s, store, clk := startScraper(t, target.Target{URL: f.URL})
	for i, step := range []struct {
		after, uptime, value int
		infos                int32
		renewed, reset       bool
	}{
		{5, 100, 10, 1, false, false},
		{5, 105, 11, 1, false, false},
		{5, 110, 12, 2, true, false},   // another connection, the same process
		{3600, 115, 13, 3, true, true}, // a process that was up for less than has passed
		{5, 1, 14, 4, true, true},
		{5, 6, 15, 4, false, false},
	} {
		clk.passSeconds(step.after)
		say(step.uptime)
		if step.renewed {
			f.CloseClientConnections()
			s.client.close()
		}
		f.set(pageOf(retries, step.value))
		scrapeOK(t, s)
		for _, row := range store.take() {
			if row.Proxy != "sidecar~10.0.0.1~reviews-v2.shop~bookinfo" || row.Node != "bookinfo/east/shop/reviews-v2" {
				t.Errorf("step %d: row of %s, %s", i, row.Proxy, row.Node)
			}
			if row.Name == "upstream_rq_retry" && row.Reset != step.reset {
				t.Errorf("step %d: %+v, want reset %v", i, row, step.reset)
			}
		}
		if got := f.infos.Load(); got != step.infos {
			t.Errorf("step %d: asked %d times who it is, want %d", i, got, step.infos)
		}
	}
	if want := clk.at.Add(-7 * time.Second); !s.id.started.Equal(want) {
		t.Errorf("started %v, want %v", s.id.started, want)
	}
}

func TestIdentityOdd(t *testing.T) {
	for name, test := range map[string]struct {
		info   string
		target target.Target
		proxy  string // "": refused
	}{
		"no JSON":                {info: "<html>"},
		"no uptime":              {info: `{"node": {"id": "x"}}`},
		"a negative uptime":      {info: `{"uptime_current_epoch": "-5s"}`},
		"another type":           {info: `{"uptime_current_epoch": 5}`},
		"no name":                {info: `{"uptime_current_epoch": "5s"}`, proxy: "127.0.0.1"},
		"a name of the target's": {info: fmt.Sprintf(info, 5), target: target.Target{Proxy: "mine", Node: "theirs"}, proxy: "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeTarget(t)
			f.info.Store(&test.info)
			test.target.URL = f.URL
			s, store, _ := startScraper(t, test.target)
			f.set(pageOf(logs, 1))
			err := s.scrape(t.Context())
			if test.proxy == "" {
				if err == nil || reasonOf(err) != reasonIdentity || len(store.take()) != 0 {
					t.Errorf("error %v, %d rows", err, len(store.stats))
				}
				return
			}
			rows := store.take()
			if err != nil || len(rows) == 0 || !strings.HasPrefix(rows[0].Proxy, test.proxy) || rows[0].Node != test.target.Node {
				t.Errorf("error %v, rows %+v", err, rows)
			}
		})
	}
}

// TestProcessStart believes a page of an application that tells its start.
func TestProcessStart(t *testing.T) {
	f := newFakeTarget(t)
	s, store, clk := startScraper(t, target.Target{URL: f.URL, Source: "istio"})
	start := clk.at.Add(-time.Hour)
	for _, step := range []struct {
		start    time.Time
		value    int
		requests uint64
	}{{start, 5, 0}, {start, 6, 1}, {start.Add(3605 * time.Second), 7, 7}} {
		clk.passSeconds(5)
		f.set(fmt.Sprintf("process_start_time_seconds %d\nistio_requests_total{reporter=\"source\",response_code=\"200\"} %d\n", step.start.Unix(), step.value))
		scrapeOK(t, s)
		var got uint64
		for _, e := range store.takeEdges() {
			got += e.Requests
		}
		if got != step.requests {
			t.Errorf("%d requests of %d, want %d", got, step.value, step.requests)
		}
	}
}

func TestToken(t *testing.T) {
	f := newFakeTarget(t)
	s, _, _ := startScraper(t, target.Target{URL: f.URL, Proxy: "p"})
	s.client.tokenFile = filepath.Join(t.TempDir(), "token")
	if err := s.scrape(t.Context()); err == nil || reasonOf(err) != reasonToken {
		t.Errorf("without a file: %v", err)
	}
	for text, want := range map[string]string{"secret\n": "Bearer secret", " \n": ""} {
		if err := os.WriteFile(s.client.tokenFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := s.scrape(t.Context())
		if want == "" {
			if err == nil || reasonOf(err) != reasonToken {
				t.Errorf("with an empty token: %v", err)
			}
			continue
		}
		if got := f.header.Load().Get("Authorization"); err != nil || got != want {
			t.Errorf("%q was sent (%v), want %q", got, err, want)
		}
	}
}

// TestRedirect does not follow where a target points to.
func TestRedirect(t *testing.T) {
	f := newFakeTarget(t)
	s, _, _ := startScraper(t, target.Target{URL: f.URL, Proxy: "p"})
	f.status.Store(http.StatusFound)
	if err := s.scrape(t.Context()); err == nil || reasonOf(err) != reasonStatus {
		t.Errorf("error %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	s, store, clk := startScraper(t, target.Target{URL: "unix:///nowhere/admin.sock"})
	if err := s.scrape(t.Context()); err == nil || reasonOf(err) != reasonUnreachable {
		t.Errorf("error %v", err)
	}
	if rows := store.take(); len(rows) != 0 {
		t.Errorf("rows of a proxy without a name: %+v", rows)
	}
	s.target.Proxy = "p"
	clk.passSeconds(5)
	_ = s.scrape(t.Context())
	if rows := store.take(); len(rows) != 1 || rows[0].Name != upName || rows[0].Value != 0 || rows[0].Scope != record.ScopeServer {
		t.Errorf("rows %+v", rows)
	}
}

// TestHanging gives up on a target that does not answer, or stops in the middle
// of a page.
func TestHanging(t *testing.T) {
	for name, page := range map[string]string{"at once": "", "in the middle": pageOf(retries, 1)} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if page != "" {
					w.Header().Set("Content-Type", "text/plain")
					_, _ = w.Write([]byte(page))
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
			}))
			defer server.Close()
			s, store, _ := startScraper(t, target.Target{URL: server.URL, Proxy: "p"})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := s.scrape(ctx); err == nil || reasonOf(err) != reasonTimeout {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff([]string{"server up gauge 0 of 0"}, lines(store.take())); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCompressed reads a compressed page, over one connection with the question
// of who it is, and refuses one that lacks its last bytes.
func TestCompressed(t *testing.T) {
	f := newFakeTarget(t)
	f.zipped = true
	text := fmt.Sprintf(info, 7)
	f.info.Store(&text)
	s, store, clk := startScraper(t, target.Target{URL: f.URL})
	f.set(strings.Repeat("# a comment\n", 100_000) + pageOf(logs, 1))
	for range 2 {
		clk.passSeconds(5)
		scrapeOK(t, s)
	}
	if got := f.infos.Load(); got != 1 {
		t.Errorf("asked %d times who it is: the connection was not kept", got)
	}
	store.take()
	f.short = 4
	if err := s.scrape(t.Context()); err == nil || reasonOf(err) != reasonTruncated {
		t.Errorf("a page without its end: %v", err)
	}
}
