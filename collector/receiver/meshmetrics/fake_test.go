package meshmetrics

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// deadline bounds what a test waits for.
const deadline = 20 * time.Second

// fakeStore is an extension, and the host that has it. It keeps what it gets.
type fakeStore struct {
	component.StartFunc
	component.ShutdownFunc
	full chan struct{} // if not nil, stats wait until it is closed

	mu    sync.Mutex
	stats []record.ProxyStat
	edges []record.EdgeSample
	grown chan struct{} // gets one for each row, as far as it has room
}

func newFakeStore() *fakeStore { return &fakeStore{grown: make(chan struct{}, 1)} }

func (f *fakeStore) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): f}
}

func (f *fakeStore) ProxyStat(s *record.ProxyStat) {
	if f.full != nil {
		f.ring()
		<-f.full
	}
	f.mu.Lock()
	f.stats = append(f.stats, *s)
	f.mu.Unlock()
	f.ring()
}

func (f *fakeStore) EdgeSample(e *record.EdgeSample) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.edges = append(f.edges, *e)
}

func (f *fakeStore) ring() {
	select {
	case f.grown <- struct{}{}:
	default:
	}
}

// take returns the stats since the call before.
func (f *fakeStore) take() []record.ProxyStat {
	f.mu.Lock()
	defer f.mu.Unlock()
	stats := f.stats
	f.stats = nil
	return stats
}

// takeEdges returns the samples since the call before, in a stable order.
func (f *fakeStore) takeEdges() []record.EdgeSample {
	f.mu.Lock()
	defer f.mu.Unlock()
	edges := f.edges
	f.edges = nil
	slices.SortFunc(edges, func(a, b record.EdgeSample) int {
		return strings.Compare(fmt.Sprint(a.Vantage, a.Dst.ID, a.Code, a.Flags), fmt.Sprint(b.Vantage, b.Dst.ID, b.Code, b.Flags))
	})
	return edges
}

// await waits until the stats fulfil the condition.
func (f *fakeStore) await(t *testing.T, what string, done func([]record.ProxyStat) bool) {
	t.Helper()
	limit := time.After(deadline)
	for {
		f.mu.Lock()
		ok := done(f.stats)
		f.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-f.grown:
		case <-limit:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// lines writes stats as "scope object name kind value total", with what is
// special about them, sorted.
func lines(stats []record.ProxyStat) []string {
	var out []string
	for _, s := range stats {
		line := fmt.Sprintf("%v %s %s %v %v of %v", s.Scope, s.Object, s.Name, s.Kind, s.Value, s.Total)
		if s.Step != 0 {
			line += fmt.Sprintf(" in %v", s.Step)
		}
		if s.Reset {
			line += " reset"
		}
		out = append(out, strings.ReplaceAll(line, "  ", " "))
	}
	slices.Sort(out)
	return out
}

// fakeTarget answers with the page that it is given.
type fakeTarget struct {
	*httptest.Server
	page        atomic.Pointer[string]
	contentType string
	zipped      bool
	short       int // bytes that a compressed page lacks at its end
	status      atomic.Int32
	info        atomic.Pointer[string] // of /server_info; nil: 404
	infos       atomic.Int32           // how often it was asked for
	header      atomic.Pointer[http.Header]
}

func newFakeTarget(t *testing.T) *fakeTarget {
	t.Helper()
	f := &fakeTarget{contentType: "text/plain; charset=UTF-8"}
	f.set("")
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeTarget) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == infoPath {
		f.infos.Add(1)
		if info := f.info.Load(); info != nil {
			_, _ = io.WriteString(w, *info)
			return
		}
		http.NotFound(w, r)
		return
	}
	header := r.Header.Clone()
	f.header.Store(&header)
	w.Header().Set("Content-Type", f.contentType)
	if status := f.status.Load(); status != 0 {
		w.WriteHeader(int(status))
	}
	if !f.zipped || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = io.WriteString(w, *f.page.Load())
		return
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, *f.page.Load())
	_ = z.Close()
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(b.Bytes()[:b.Len()-f.short])
}

func (f *fakeTarget) set(page string) { f.page.Store(&page) }

// clock is a time that a test moves.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) pass(d time.Duration)    { c.at = c.at.Add(d) }
func (c *clock) passSeconds(seconds int) { c.pass(time.Duration(seconds) * time.Second) }

// startScraper returns a scraper of a target, with a clock.
func startScraper(t *testing.T, tgt target.Target) (*scraper, *fakeStore, *clock) {
	t.Helper()
	clk := newClock()
	s, store := startScraperAt(t, tgt, clk.now)
	return s, store, clk
}

// startScraperAt returns a scraper of a target that reads the given clock.
func startScraperAt(t *testing.T, tgt target.Target, now func() time.Time) (*scraper, *fakeStore) {
	t.Helper()
	tel, err := newTelemetry(componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	address, err := tgt.Address()
	if err != nil {
		t.Fatal(err)
	}
	store := newFakeStore()
	s, err := newScraper(tgt, newClient(address, nil, ""), createDefaultConfig().(*Config), store, tel, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s, store
}

// scrapeOK scrapes and wants no error.
func scrapeOK(t *testing.T, s *scraper) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if err := s.scrape(ctx); err != nil {
		t.Fatal(err)
	}
}

// placed returns a target and where it is.
func placed(t *testing.T, tgt target.Target) place {
	t.Helper()
	address, err := tgt.Address()
	if err != nil {
		t.Fatal(err)
	}
	return place{tgt, address}
}
