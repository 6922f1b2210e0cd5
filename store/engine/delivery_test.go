package engine_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

const (
	deliveryRounds = 6
	deliveryRows   = 20000 // of each block
)

// TestKilledInsertsAreSingleAfterARetry is the promise that store/ingest builds
// on: a block goes into a Null table with two views, the engine is killed at some
// moment of it, and the same block with the same token is sent until it answers
// 200. Each view target must then hold the block exactly once.
func TestKilledInsertsAreSingleAfterARetry(t *testing.T) {
	t.Parallel()
	e := enginetest.StartIn(t, enginetest.Dir(t))
	const durable = " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000"
	for _, sql := range []string{
		"CREATE TABLE block_in (round UInt32, n UInt64) ENGINE = Null",
		"CREATE TABLE raw (round UInt32, n UInt64) ENGINE = MergeTree PARTITION BY n % 2 ORDER BY n" + durable,
		"CREATE TABLE counts (round UInt32, rows UInt64) ENGINE = SummingMergeTree ORDER BY round" + durable,
		"CREATE MATERIALIZED VIEW raw_mv TO raw AS SELECT round, n FROM block_in",
		"CREATE MATERIALIZED VIEW counts_mv TO counts AS SELECT round, count() AS rows FROM block_in GROUP BY round",
	} {
		ask(t, e, sql)
	}
	client := enginetest.Client(t, e.Socket)
	cuts := 0
	for round := range deliveryRounds {
		pid := e.PID(t)
		time.AfterFunc(time.Duration(round)*6*time.Millisecond, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
		cuts += deliver(t, client, round)
		cuts += deliver(t, client, round) // and once more, as after a lost answer
		waitFor(t, "the kill", func() bool { return !alive(pid) })
		if got := ask(t, e, "SELECT 1"); got != "1" { // waits for the next child
			t.Fatal(got)
		}
	}
	if cuts == 0 {
		t.Error("no insert was hit by a kill: the test proved nothing")
	}
	want := fmt.Sprint(deliveryRows)
	for round := range deliveryRounds {
		got := ask(t, e, fmt.Sprintf("SELECT (SELECT count() FROM raw WHERE round = %[1]d), (SELECT uniqExact(n) FROM raw WHERE round = %[1]d), (SELECT sum(rows) FROM counts WHERE round = %[1]d)", round))
		if got != want+"\t"+want+"\t"+want {
			t.Errorf("round %d: rows, distinct rows and counted rows = %s, want %s each", round, got, want)
		}
	}
}

// deliver posts the block of a round until the engine answers 200, and counts the
// posts that broke off.
func deliver(t *testing.T, client *http.Client, round int) (cuts int) {
	t.Helper()
	var body strings.Builder
	for n := range deliveryRows {
		fmt.Fprintf(&body, "%d\t%d\n", round, n)
	}
	target := "http://engine/?" + url.Values{
		"database": {"plimsoll"}, "query": {"INSERT INTO block_in FORMAT TabSeparated"},
		"insert_deduplication_token": {fmt.Sprintf("block-%d", round)},
	}.Encode()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body.String()))
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			cuts++ // killed: the next child answers
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return cuts
		}
		t.Logf("round %d: %s", round, response.Status)
	}
	t.Fatalf("round %d was not accepted within a minute", round)
	return cuts
}
