package status

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const engine3d = "MergeTree PARTITION BY toDate(ts) ORDER BY ts TTL toDateTime(ts) + toIntervalDay(3)"

// table is one without any finding.
func table(change func(*query.TableReport)) query.Report {
	t := query.TableReport{
		Name: "requests", Parts: 9, MostParts: maxParts, Rows: 1000, Bytes: 5000, Engine: engine3d, Window: 10000,
		Oldest: noon.Add(-3*24*time.Hour - 24*time.Hour - late), Newest: noon,
		Columns: []query.ColumnReport{{Name: "ts", Codec: "CODEC(Delta(8))", Compressed: 10, Unpacked: 80}, {Name: "src", Compressed: 10, Unpacked: 20}},
	}
	change(&t)
	return query.Report{Tables: []query.TableReport{t}}
}

func entries(written, dropped, low float64) query.ProxyCompleteness {
	return query.ProxyCompleteness{
		Proxy: "web", From: noon.Add(-time.Minute), To: noon, Written: written, Dropped: dropped,
		Received: query.Interval{Low: written - low - 5, Estimate: written - low - 1, High: written - low},
		Silent:   query.Interval{Low: low, Estimate: low + 1, High: low + 5},
		Ratio:    &query.Interval{Low: 0.5, Estimate: 0.6, High: 0.7},
	}
}

// judged is a case of the judges, with the codes that it must lead to.
type judged struct {
	name  string
	got   []*statusv1.Finding
	codes string
}

func judgements() []judged {
	tables := func(r query.Report, inserts uint64) []*statusv1.Finding {
		return storeReport(r, map[string]uint64{"requests": inserts}, noon).Findings
	}
	proxy := func(c query.ProxyCompleteness, i query.ProxyIdentity) []*statusv1.Finding {
		a := account(c)
		a.Identity = identity(i)
		return judgeAccount(a)
	}
	pace := uint64(10000 / (outage / paceOver))
	return []judged{
		{"a table on every bound", tables(table(func(*query.TableReport) {}), pace), ""},
		{"an empty table", tables(table(func(t *query.TableReport) { *t = query.TableReport{Name: "flows", Engine: engine3d, Window: 1} }), 0), ""},
		{"the table of migrations", tables(table(func(t *query.TableReport) { t.Name, t.Window, t.MostParts = "schema_migrations", 0, 9999 }), 0), ""},
		{"a part too many", tables(table(func(t *query.TableReport) { t.MostParts++ }), 0), "too-many-parts"},
		{"no window", tables(table(func(t *query.TableReport) { t.Window = 0 }), 0), "dedup-window-short"},
		{"an insert too many", tables(table(func(*query.TableReport) {}), pace+1), "dedup-window-short"},
		{"a rollup has the inserts of requests", tables(table(func(t *query.TableReport) { t.Name = "edge_counts_1m_local" }), pace+1), "dedup-window-short"},
		{"rows live too long", tables(table(func(t *query.TableReport) { t.Oldest = t.Oldest.Add(-time.Second) }), 0), "retention-behind"},
		{"rows are kept for ever", tables(table(func(t *query.TableReport) { t.Engine, t.Oldest = "MergeTree", noon.AddDate(-9, 0, 0) }), 0), ""},
		{"everything at once", tables(table(func(t *query.TableReport) { t.MostParts, t.Window, t.Oldest = 5000, 5, noon.AddDate(-1, 0, 0) }), 1), "too-many-parts dedup-window-short retention-behind"},
		{"a change is under way", storeReport(query.Report{Mutations: []query.Mutation{{Table: "logs", Command: "MODIFY TTL", Parts: 3}}}, nil, noon).Findings, ""},
		{"a change fails", storeReport(query.Report{Mutations: []query.Mutation{{Table: "logs", Command: "MODIFY TTL", Parts: 3, Failure: "no space left"}}}, nil, noon).Findings, "mutation-failed"},

		{"a complete proxy", proxy(entries(60, 0, 0), query.ProxyIdentity{}), ""},
		{"a proxy without counters", judgeAccount(account(query.ProxyCompleteness{Proxy: "web", Reason: query.NoCounters})), ""},
		{"a proxy drops", proxy(entries(40, 1, 0), query.ProxyIdentity{}), "incomplete-proxy"},
		{"an entry is lost", proxy(entries(60, 0, 1), query.ProxyIdentity{}), "incomplete-proxy"},
		{"dropped and lost", proxy(entries(60, 20, 10), query.ProxyIdentity{}), "incomplete-proxy incomplete-proxy"},
		{"too few entries", proxy(entries(60, 0, 0), query.ProxyIdentity{Logged: 60, Requests: 40, Tries: 25, Gap: -5, Broken: true}), "identity-broken"},
		{"too many entries", proxy(entries(60, 0, 0), query.ProxyIdentity{Logged: 60, Requests: 40, Tries: 15, Gap: 5, Broken: true}), "identity-broken"},

		{"a collector came back", []*statusv1.Finding{judgeBlind(query.BlindInterval{Collector: "c1", From: noon, To: noon.Add(31 * time.Second)})}, "blind-collector"},
		{"a collector is gone", []*statusv1.Finding{judgeBlind(query.BlindInterval{Collector: "c1", From: noon, To: noon.Add(time.Hour), Open: true})}, "blind-collector"},

		{"no doubles", judgeDoubles(query.Doubles{Table: "logs", Blocks: 5, Checked: 5}), ""},
		{"doubles", judgeDoubles(query.Doubles{Table: "logs", Blocks: 5, Checked: 4, Doubles: 2, IDs: []string{"aa", "bb"}}), "block-double"},
		{"a rollup that agrees", judgeRollup(rollupAccount(query.Rollup{Raw: 5, RolledUp: 5}, 1)), ""},
		{"a rollup that differs", judgeRollup(rollupAccount(query.Rollup{Raw: 5, RolledUp: 7, Differing: []query.RollupMinute{{At: noon, Raw: 1, RolledUp: 3}}}, 1)), "rollup-differs"},
		{"a sample is kept", judgeRollup(rollupAccount(query.Rollup{Raw: 5, RolledUp: 7, Differing: []query.RollupMinute{{At: noon, Raw: 1, RolledUp: 3}}}, 0.5)), ""},
	}
}

func TestJudgements(t *testing.T) {
	for _, c := range judgements() {
		t.Run(c.name, func(t *testing.T) {
			var codes []string
			for _, f := range c.got {
				codes = append(codes, f.Code)
				if f.Subject == "" || f.Detail == "" || f.Remedy == "" {
					t.Errorf("%v: want a subject, a detail and a remedy", f)
				}
			}
			if got := strings.Join(codes, " "); got != c.codes {
				t.Errorf("codes %q, want %q", got, c.codes)
			}
		})
	}
}

// TestTextsOfJudgements keeps what a person reads of each finding.
func TestTextsOfJudgements(t *testing.T) {
	var text strings.Builder
	for _, c := range judgements() {
		for _, f := range c.got {
			fmt.Fprintf(&text, "# %s\n%s %s\n  %s\n  → %s\n\n", c.name, f.Code, f.Subject, f.Detail, f.Remedy)
		}
	}
	golden.Check(t, "testdata/judgements.txt", []byte(text.String()))
}

// TestEveryFindingIsInTheManual: what the remedies are too short for stands
// there.
func TestEveryFindingIsInTheManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range judgements() {
		for _, f := range c.got {
			if !strings.Contains(string(manual), "\n## "+f.Code+"\n") {
				t.Errorf("docs/doctor.md has no section %q", f.Code)
			}
		}
	}
}

func TestTableReport(t *testing.T) {
	r := table(func(*query.TableReport) {})
	got := tableReport(r.Tables[0], 10001)
	if got.Compression != 5 || got.DedupOutlastsHour || got.Retention.AsDuration() != 72*time.Hour || len(got.Columns) != 2 {
		t.Errorf("%v, want compression 5, a window too short, 72h, two columns", got)
	}
	empty := tableReport(query.TableReport{Name: "flows", Engine: "MergeTree"}, 0)
	if empty.Oldest != nil || empty.Newest != nil || empty.Retention != nil || empty.Compression != 0 {
		t.Errorf("%v, want nothing known of an empty table", empty)
	}
}

func TestListsAreBounded(t *testing.T) {
	r := query.Report{Merges: make([]query.Merge, maxWork+1), Mutations: make([]query.Mutation, maxWork+1)}
	if got := storeReport(r, nil, noon); len(got.Merges) != maxWork || len(got.Mutations) != maxWork {
		t.Errorf("%d merges, %d mutations, want %d", len(got.Merges), len(got.Mutations), maxWork)
	}
	list := collectorList(make([]collector, maxCollectors+1), make([]query.BlindInterval, maxIntervals+1), noon)
	if len(list.Collectors) != maxCollectors || len(list.BlindIntervals) != maxIntervals || !list.Truncated {
		t.Errorf("%d collectors, %d intervals, truncated %v", len(list.Collectors), len(list.BlindIntervals), list.Truncated)
	}
	if collectorList(make([]collector, maxCollectors), nil, noon).Truncated {
		t.Error("a full list counts as cut")
	}
	minutes := rollupAccount(query.Rollup{Differing: make([]query.RollupMinute, maxMinutes+1)}, 1)
	if len(minutes.Differing) != maxMinutes || minutes.DifferingMinutes != maxMinutes+1 {
		t.Errorf("%d minutes listed, %d counted", len(minutes.Differing), minutes.DifferingMinutes)
	}
}

// TestPages reads all proxies page by page: each comes once.
func TestPages(t *testing.T) {
	var complete []query.ProxyCompleteness
	var ids []query.ProxyIdentity
	for i := range 7 {
		c := entries(60, float64(i%2), 0) // every other one dropped something
		c.Proxy = fmt.Sprintf("p%d", i)
		complete = append(complete, c)
		ids = append(ids, query.ProxyIdentity{Proxy: c.Proxy, Logged: float64(i)})
	}
	for _, c := range []struct {
		size  uint32
		only  bool
		pages string
	}{
		{0, false, "p0 p1 p2 p3 p4 p5 p6|"},
		{7, false, "p0 p1 p2 p3 p4 p5 p6|"},
		{3, false, "p0 p1 p2|p3 p4 p5|p6|"},
		{1, true, "p1|p3|p5|"},
		{3, true, "p1 p3 p5|"},
		{2, true, "p1 p3|p5|"},
	} {
		var got strings.Builder
		req := &statusv1.ListProxyAccountsRequest{PageSize: c.size, OnlyFindings: c.only}
		for {
			answer := page(complete, ids, req)
			var names []string
			found := 0
			for _, a := range answer.Accounts {
				names = append(names, a.Proxy)
				found += int(a.Dropped)
				if fmt.Sprintf("p%.0f", a.Identity.Logged) != a.Proxy {
					t.Errorf("%s has the identity of another: %v", a.Proxy, a.Identity)
				}
			}
			if len(answer.Findings) != found {
				t.Errorf("%d findings on a page with %d", len(answer.Findings), found)
			}
			got.WriteString(strings.Join(names, " ") + "|")
			if req.PageToken = answer.NextPageToken; req.PageToken == "" {
				break
			}
		}
		if got.String() != c.pages {
			t.Errorf("size %d, only findings %v: %s, want %s", c.size, c.only, got.String(), c.pages)
		}
	}
	if got := page(nil, nil, &statusv1.ListProxyAccountsRequest{}); len(got.Accounts) != 0 || got.NextPageToken != "" {
		t.Errorf("no proxies: %v", got)
	}
}

func TestWindow(t *testing.T) {
	stamp := timestamppb.New
	for name, c := range map[string]struct {
		req      *statusv1.ListCollectorsRequest
		from, to time.Time
		err      string
	}{
		"default":         {&statusv1.ListCollectorsRequest{}, noon.Add(-time.Hour), noon, ""},
		"length":          {&statusv1.ListCollectorsRequest{Window: durationpb.New(time.Minute)}, noon.Add(-time.Minute), noon, ""},
		"length, end":     {&statusv1.ListCollectorsRequest{Window: durationpb.New(time.Minute), To: stamp(noon.Add(-time.Hour))}, noon.Add(-61 * time.Minute), noon.Add(-time.Hour), ""},
		"both":            {&statusv1.ListCollectorsRequest{From: stamp(noon.Add(-5 * time.Hour)), To: stamp(noon.Add(-4 * time.Hour))}, noon.Add(-5 * time.Hour), noon.Add(-4 * time.Hour), ""},
		"a day":           {&statusv1.ListCollectorsRequest{Window: durationpb.New(24 * time.Hour)}, noon.Add(-24 * time.Hour), noon, ""},
		"from alone":      {&statusv1.ListCollectorsRequest{From: stamp(noon)}, time.Time{}, time.Time{}, "from without to"},
		"empty":           {&statusv1.ListCollectorsRequest{From: stamp(noon), To: stamp(noon)}, time.Time{}, time.Time{}, "does not start before its end"},
		"negative":        {&statusv1.ListCollectorsRequest{Window: durationpb.New(-time.Minute)}, time.Time{}, time.Time{}, "does not start before its end"},
		"more than a day": {&statusv1.ListCollectorsRequest{Window: durationpb.New(25 * time.Hour)}, time.Time{}, time.Time{}, "at most 24h"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to, err := window(c.req, noon)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error = %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || !from.Equal(c.from) || !to.Equal(c.to) {
				t.Errorf("[%s, %s), error %v; want [%s, %s)", from, to, err, c.from, c.to)
			}
		})
	}
}

func TestClosedWindow(t *testing.T) {
	stamp := timestamppb.New
	mark := noon.Add(20 * time.Minute)
	for name, c := range map[string]struct {
		mark time.Time
		req  *statusv1.VerifyStoreRequest
		want string
	}{
		"the last hour":        {mark, &statusv1.VerifyStoreRequest{}, "11:00 12:00"},
		"on the hour":          {noon, &statusv1.VerifyStoreRequest{}, "11:00 12:00"},
		"as told":              {mark, &statusv1.VerifyStoreRequest{From: stamp(noon), To: stamp(mark)}, "12:00 12:20"},
		"beyond the watermark": {mark, &statusv1.VerifyStoreRequest{From: stamp(noon), To: stamp(mark.Add(time.Minute))}, "complete until 2026-03-01T12:20:00Z only"},
		"parts of minutes":     {mark, &statusv1.VerifyStoreRequest{From: stamp(noon.Add(time.Second)), To: stamp(mark)}, "not of whole minutes"},
		"one end":              {mark, &statusv1.VerifyStoreRequest{To: stamp(mark)}, "both ends"},
		"empty":                {mark, &statusv1.VerifyStoreRequest{From: stamp(noon), To: stamp(noon)}, "does not start before"},
		"no collector ever":    {time.Time{}, &statusv1.VerifyStoreRequest{}, "no collector has ever reported"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to, err := closedWindow(c.req, c.mark)
			got := from.UTC().Format("15:04 ") + to.UTC().Format("15:04")
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSealedBlocks(t *testing.T) {
	id := make([]byte, 16)
	id[15] = 7
	got, err := sealedBlocks([]*statusv1.SealedBlock{{Table: "requests_in", Id: id, Rows: 3}, {Table: "logs", Id: id}})
	want := []query.Block{{Table: "requests_in", ID: [16]byte{15: 7}, Rows: 3}, {Table: "logs", ID: [16]byte{15: 7}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, blocks (-want +got):\n%s", err, diff)
	}
	for text, blocks := range map[string][]*statusv1.SealedBlock{
		"block 0: its id has 15 bytes":           {{Table: "logs", Id: id[1:]}},
		"block 1: its id has 0 bytes":            {{Table: "logs", Id: id}, nil},
		`block 0: "edge_counts_1m" is no table`:  {{Table: "edge_counts_1m", Id: id}},
		`block 0: "logs; DROP TABLE logs" is no`: {{Table: "logs; DROP TABLE logs", Id: id}},
		`1001 blocks: ask for at most 1000`:      make([]*statusv1.SealedBlock, maxBlocks+1),
	} {
		if _, err := sealedBlocks(blocks); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error = %v, want %q", err, text)
		}
	}
}
