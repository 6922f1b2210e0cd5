package gate

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// openStore starts an engine with the schema: a connection that reads, as the
// analyzer's does, and one that writes.
func openStore(t *testing.T) (reader, writer driver.Conn) {
	t.Helper()
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if writer, err = query.OpenWriter(parsed); err != nil {
		t.Fatal(err)
	}
	if reader, err = query.Open(dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		reader.Close()
		writer.Close()
	})
	return reader, writer
}

// second inserts one second of traffic from web to reviews: n requests of a
// version in a vantage, of which every bad-th fails (0: none).
func second(t *testing.T, b driver.Batch, at time.Time, version string, vantage record.Vantage, n, bad int, took time.Duration) {
	t.Helper()
	for i := range n {
		outcome := record.OutcomeOK
		if bad > 0 && i%bad == 0 {
			outcome = record.OutcomeServerError
		}
		us := uint32(took.Microseconds())
		err := b.Append(at.Add(time.Duration(i)*time.Millisecond), vantage.String(), "m/c/shop/web", "web", "m/c/shop/reviews-"+version, "reviews", version,
			"r", "GET", outcome.String(), us, uint8(1), int16(record.BinOf(us)), int16(-1))
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestGateOnTheStore(t *testing.T) {
	reader, writer := openStore(t)
	start := time.Now().UTC().Truncate(time.Minute).Add(-20 * time.Minute)
	now := start.Add(5 * time.Minute)
	b, err := writer.PrepareBatch(t.Context(), `INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, dst_version,
		route, method, outcome, duration_us, attempts, duration_bin, first_byte_bin)`)
	if err != nil {
		t.Fatal(err)
	}
	for s := range 300 {
		at := start.Add(time.Duration(s) * time.Second)
		second(t, b, at, "v1", record.VantageClient, 10, 0, 20*time.Millisecond)
		second(t, b, at, "v1", record.VantageServer, 10, 0, 19*time.Millisecond)
		second(t, b, at.Add(-10*time.Minute), "v1", record.VantageClient, 1, 0, 20*time.Millisecond)
		second(t, b, at, "good", record.VantageClient, 10, 0, 20*time.Millisecond)
		second(t, b, at, "failing", record.VantageClient, 10, 5, 20*time.Millisecond)
		second(t, b, at, "slow", record.VantageClient, 10, 0, 90*time.Millisecond)
		second(t, b, at, "masked", record.VantageClient, 10, 0, 20*time.Millisecond)
		second(t, b, at, "masked", record.VantageServer, 10, 5, 20*time.Millisecond)
		second(t, b, at, "", record.VantageClient, 1, 1, time.Millisecond)
	}
	if err := b.Send(); err != nil {
		t.Fatal(err)
	}
	service := New(reader, func() time.Time { return now })
	check := func(req *gatev1.CheckRequest) (*gatev1.CheckResponse, error) {
		a, err := service.Check(t.Context(), connect.NewRequest(req))
		if err != nil {
			return nil, err
		}
		return a.Msg, nil
	}
	ask := func(canary string) *gatev1.CheckRequest {
		return &gatev1.CheckRequest{Service: "reviews", Canary: canary, Baseline: "v1", From: timestamppb.New(start), For: durationpb.New(4 * time.Minute)}
	}

	if _, err := check(ask("good")); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("without a watermark: %v, want unavailable", err)
	}
	err = writer.Exec(t.Context(), `INSERT INTO heartbeats_in (ts, collector, proxy, complete_through)
		SELECT fromUnixTimestamp64Micro(?, 'UTC'), 'c1', '', fromUnixTimestamp64Micro(?, 'UTC')`, now.UnixMicro(), now.UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	for canary, want := range map[string][4]string{ // verdict, errors, latency, arrivals
		"good":    {Pass, Pass, Pass, Skipped},
		"failing": {Fail, Fail, Pass, Skipped},
		"slow":    {Fail, Pass, Fail, Skipped},
		"masked":  {Fail, Pass, Pass, Fail},
		"nobody":  {NotEnough, NotEnough, NotEnough, Skipped},
	} {
		a, err := check(ask(canary))
		if err != nil {
			t.Fatal(err)
		}
		got := [4]string{a.Verdict, a.Metrics[0].Verdict, a.Metrics[1].Verdict, a.Metrics[2].Verdict}
		if got != want || !a.Final {
			t.Errorf("%s: %v final %v, want %v; %s", canary, got, a.Final, want, a.Reason)
		}
		if base := a.Metrics[0].Baseline; base.Total != 2400 {
			t.Errorf("%s: %d requests of the baseline, want those of the callers' proxies alone: 2400", canary, base.Total)
		}
		if a.Unattributed.GetTotal() != 240 || a.Unattributed.GetBad() != 240 {
			t.Errorf("%s: unattributed %v, want 240 of 240", canary, a.Unattributed)
		}
	}

	for name, c := range map[string]struct {
		req  *gatev1.CheckRequest
		code connect.Code
		text string
	}{
		"unknown service": {&gatev1.CheckRequest{Service: "revews", Canary: "a", Baseline: "b", From: timestamppb.New(start)}, connect.CodeNotFound, "there are reviews"},
		"too old":         {&gatev1.CheckRequest{Service: "reviews", Canary: "a", Baseline: "b", From: timestamppb.New(now.Add(-100 * time.Hour))}, connect.CodeInvalidArgument, "kept for three days"},
	} {
		if _, err := check(c.req); connect.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %s with %q", name, err, c.code, c.text)
		}
	}

	a, err := check(&gatev1.CheckRequest{Service: "reviews", Canary: "slow", Baseline: "v1"})
	if err != nil || !a.Window.From.AsTime().Equal(start) {
		t.Errorf("without a begin: window %v error %v, want that of the canary's run %s", a.GetWindow(), err, start)
	}
	testHooks(t, service, start)
}

// testHooks plays Argo Rollouts and Flagger.
func testHooks(t *testing.T, service *Service, start time.Time) {
	server := httptest.NewServer(service.Hooks())
	defer server.Close()
	from := start.Format(time.RFC3339)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		verdict                  string
	}{
		{"argo, good", "GET", "/gate?service=reviews&canary=good&baseline=v1&for=4m&latency=50ms&from=" + from, "", 200, Pass},
		{"argo, failing", "GET", "/gate?service=reviews&canary=failing&baseline=v1&for=4m&from=" + from, "", 200, Fail},
		{"flagger rollout, good", "POST", "/gate/rollout", `{"name":"reviews","namespace":"shop","phase":"Progressing","metadata":{"canary":"good","baseline":"v1","from":"` + from + `"}}`, 200, Pass},
		{"flagger rollout, failing", "POST", "/gate/rollout", `{"name":"reviews","namespace":"shop","metadata":{"canary":"failing","baseline":"v1","from":"` + from + `"}}`, 412, Fail},
		{"flagger rollout, nobody", "POST", "/gate/rollout", `{"name":"reviews","namespace":"shop","metadata":{"canary":"nobody","baseline":"v1"}}`, 200, NotEnough},
		{"flagger promotion, nobody", "POST", "/gate/promotion", `{"name":"reviews","metadata":{"canary":"nobody","baseline":"v1"}}`, 412, NotEnough},
		{"flagger rollback, failing", "POST", "/gate/rollback", `{"name":"reviews","metadata":{"canary":"failing","baseline":"v1","from":"` + from + `"}}`, 200, Fail},
		{"no service", "GET", "/gate?canary=a&baseline=b", "", 400, ""},
		{"misspelt", "GET", "/gate?service=reviews&canary=a&baseline=b&error_margn=0.5", "", 400, ""},
		{"unknown service", "GET", "/gate?service=x&canary=a&baseline=b", "", 404, ""},
		{"not JSON", "POST", "/gate/rollout", "{", 400, ""},
		{"a hook is posted to", "GET", "/gate/rollout", "", 405, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Verdict, Error string }
		json.NewDecoder(res.Body).Decode(&answer) // a refusal by method is no JSON
		res.Body.Close()
		if res.StatusCode != c.status || answer.Verdict != c.verdict {
			t.Errorf("%s: status %d, %+v; want %d and %q", c.name, res.StatusCode, answer, c.status, c.verdict)
		}
	}
}
