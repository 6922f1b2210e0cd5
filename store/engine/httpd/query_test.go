package httpd_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
)

func TestClientReadsTypes(t *testing.T) {
	conn := open(t, start(t))
	var (
		u    uint64
		s    string
		when time.Time
		list []string
		dict map[string]uint32
		null *int32
	)
	err := conn.QueryRow(t.Context(), `SELECT toUInt64(18446744073709551615), 'größe', toDateTime64('2026-11-24 13:00:00.123456', 6, 'UTC'),
		['a', 'b'], map('x', toUInt32(1)), CAST(NULL AS Nullable(Int32))`).Scan(&u, &s, &when, &list, &dict, &null)
	if err != nil {
		t.Fatal(err)
	}
	if u != 1<<64-1 || s != "größe" || null != nil {
		t.Errorf("u = %d, s = %q, null = %v", u, s, null)
	}
	if want := time.Date(2026, 11, 24, 13, 0, 0, 123456000, time.UTC); !when.Equal(want) || when.Location() != time.UTC {
		t.Errorf("time = %v in %v, want %v in UTC", when, when.Location(), want)
	}
	if diff := cmp.Diff([]string{"a", "b"}, list) + cmp.Diff(map[string]uint32{"x": 1}, dict); diff != "" {
		t.Error(diff)
	}
}

func TestClientBindsParameters(t *testing.T) {
	conn := open(t, start(t))
	ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"n": "40", "s": "it's"}))
	var n uint64
	var s string
	if err := conn.QueryRow(ctx, "SELECT toUInt64({n:UInt8}) + 2, {s:String}").Scan(&n, &s); err != nil {
		t.Fatal(err)
	}
	if n != 42 || s != "it's" {
		t.Errorf("got %d, %q", n, s)
	}
	if got := number(t, conn, "SELECT count() FROM numbers(10) WHERE number < ?", 4); got != 4 {
		t.Errorf("count with a client-side parameter = %d, want 4", got)
	}
}

func TestClientSettingsReachTheEngine(t *testing.T) {
	socket := start(t)
	conn := open(t, socket, func(o *clickhouse.Options) { o.Settings = clickhouse.Settings{"max_block_size": 1234} })
	const question = "SELECT toUInt64(getSetting('max_block_size'))"
	if got := number(t, conn, question); got != 1234 {
		t.Errorf("setting of the connection = %d, want 1234", got)
	}
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 77}))
	var got uint64
	if err := conn.QueryRow(ctx, question).Scan(&got); err != nil || got != 77 {
		t.Errorf("setting of the query = %d, %v, want 77", got, err)
	}
	if got := number(t, conn, question); got != 1234 {
		t.Errorf("setting afterwards = %d, want 1234", got)
	}
}

func TestClientCompressesBothWays(t *testing.T) {
	socket := start(t)
	exec(t, open(t, socket), "CREATE TABLE zip (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	for i, method := range []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP,
		clickhouse.CompressionDeflate, clickhouse.CompressionBrotli,
	} {
		t.Run(method.String(), func(t *testing.T) {
			conn := open(t, socket, func(o *clickhouse.Options) { o.Compression = &clickhouse.Compression{Method: method, Level: 1} })
			const rows = 50000
			batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO zip")
			if err != nil {
				t.Fatal(err)
			}
			for n := range uint64(rows) {
				if err := batch.Append(n+uint64(i)*rows, "compressible"); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			result, err := conn.Query(t.Context(), "SELECT n, s FROM zip WHERE n >= ? ORDER BY n", uint64(i)*rows)
			if err != nil {
				t.Fatal(err)
			}
			defer result.Close()
			want := uint64(i) * rows
			for result.Next() {
				var n uint64
				var s string
				if err := result.Scan(&n, &s); err != nil {
					t.Fatal(err)
				}
				if n != want || s != "compressible" {
					t.Fatalf("row = %d %q, want %d", n, s, want)
				}
				want++
			}
			if err := result.Err(); err != nil || want != uint64(i+1)*rows {
				t.Errorf("rows end at %d with %v", want, err)
			}
		})
	}
}

func TestClientRunsQueriesAtOnce(t *testing.T) {
	conn := open(t, start(t), func(o *clickhouse.Options) { o.MaxOpenConns = 40 })
	var wait sync.WaitGroup
	for i := range uint64(40) { // more than the engine takes at once
		wait.Go(func() {
			if got := number(t, conn, "SELECT sum(number) + ? FROM numbers(100000)", i); got != 4999950000+i {
				t.Errorf("query %d = %d", i, got)
			}
		})
	}
	wait.Wait()
}

func TestClientGetsExceptionCodes(t *testing.T) {
	conn := open(t, start(t))
	tests := []struct {
		sql          string
		code, status int
		name         string
	}{
		{"SELEC 1", 62, 400, "SYNTAX_ERROR"},
		{"foo", 62, 400, "SYNTAX_ERROR"},
		{"SELECT 1; SELECT 2", 62, 400, "SYNTAX_ERROR"},
		{"SELECT * FROM nope", 60, 404, "UNKNOWN_TABLE"},
		{"SELECT nope", 47, 404, "UNKNOWN_IDENTIFIER"},
		{"SELECT 1 SETTINGS nope = 1", 115, 404, "UNKNOWN_SETTING"},
		{"SELECT * FROM nope.nope", 81, 404, "UNKNOWN_DATABASE"},
		{"SELECT toUInt8('x')", 6, 400, "CANNOT_PARSE_TEXT"},
		{"SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 20000000", 241, 500, "MEMORY_LIMIT_EXCEEDED"},
		{"SELECT groupArray(number) FROM numbers(1000000000)", 241, 500, "MEMORY_LIMIT_EXCEEDED"},
		{"SELECT sum(sleepEachRow(1)) FROM numbers(100) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0, max_execution_time = 1", 159, 408, "TIMEOUT_EXCEEDED"},
		{"INSERT INTO nope SELECT 1", 60, 404, "UNKNOWN_TABLE"},
	}
	for _, tt := range tests {
		t.Run(tt.sql, func(t *testing.T) {
			err := conn.Exec(t.Context(), tt.sql)
			var exception *clickhouse.Exception
			var status *clickhouse.HTTPError
			if !errors.As(err, &exception) || !errors.As(err, &status) {
				t.Fatalf("error = %v, want an exception over HTTP", err)
			}
			if int(exception.Code) != tt.code || exception.CodeName != tt.name || status.StatusCode != tt.status {
				t.Errorf("exception %d %s, status %d, want %d %s, %d (%v)",
					exception.Code, exception.CodeName, status.StatusCode, tt.code, tt.name, tt.status, err)
			}
		})
	}
	unknown := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"nope": 1}))
	var exception *clickhouse.Exception
	if err := conn.Exec(unknown, "SELECT 1"); !errors.As(err, &exception) || exception.Code != 115 {
		t.Errorf("unknown setting in the URL: %v, want 115", err)
	}
	if got := number(t, conn, "SELECT toUInt64(1)"); got != 1 {
		t.Error("the engine does not answer after exceptions")
	}
}

func TestClientThatLeavesFreesItsStatement(t *testing.T) {
	socket := start(t)
	conn, other := open(t, socket), open(t, socket)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- conn.Exec(ctx, "SELECT sum(sleepEachRow(1)) FROM numbers(600) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0")
	}()
	const running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'"
	waitFor(t, "the statement to run", func() bool { return number(t, other, running) == 1 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want Canceled", err)
	}
	waitFor(t, "the statement to be killed", func() bool { return number(t, other, running) == 0 })
}

// waitFor polls for what the engine gives no event for.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
