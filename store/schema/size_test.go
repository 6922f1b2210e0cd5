package schema

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// traffic is the SELECT of rows for requests_in; see the head of the file.
//
//go:embed testdata/traffic.sql
var traffic string

// insertTraffic inserts count rows from the given number on, of rows that end
// within ten minutes from base.
func insertTraffic(ctx context.Context, conn driver.Conn, base time.Time, from, count, rows int) error {
	sql := strings.NewReplacer(
		"{base}", strconv.FormatInt(base.UnixMicro(), 10), "{rows}", strconv.Itoa(rows),
		"{from}", strconv.Itoa(from), "{count}", strconv.Itoa(count),
	).Replace(traffic)
	return conn.Exec(ctx, "INSERT INTO requests_in "+sql)
}

// randomIDs are the columns that nothing can compress.
var randomIDs = map[string]bool{"call_id": true, "trace_id": true, "span_id": true}

// BenchmarkRowSize measures what a row of requests takes on disk once its parts are
// merged, before and after the migrations that changed codecs, by column.
//
//	go test ./store/schema -run '^$' -bench RowSize -benchtime 1x
func BenchmarkRowSize(b *testing.B) {
	const rows, block = 1_000_000, 250_000
	server := engine.DSN(enginetest.StartIn(b, enginetest.Dir(b)).Socket, engine.Database)
	base := time.Now().UTC().Truncate(24 * time.Hour) // one partition
	for _, tc := range []struct {
		name    string
		version int
	}{{"before", 16}, {"after", Version}} {
		b.Run(tc.name, func(b *testing.B) {
			conn := migratedTo(b, server, "size_"+tc.name, tc.version)
			for b.Loop() {
				for from := 0; from < rows; from += block {
					if err := insertTraffic(b.Context(), conn, base, from, block, rows); err != nil {
						b.Fatal(err)
					}
				}
				if err := conn.Exec(b.Context(), "OPTIMIZE TABLE requests FINAL"); err != nil {
					b.Fatal(err)
				}
			}
			report(b, conn)
		})
	}
}

// report logs the bytes per row of each column of requests, and reports their
// sum, that without the ids, and what all files take.
func report(b *testing.B, conn driver.Conn) {
	var text strings.Builder
	size := sizeOfRequests(b, conn)
	for _, c := range size.columns {
		fmt.Fprintf(&text, " %s %.2f", c.name, c.bytes)
	}
	b.Logf("bytes per row:%s", text.String())
	b.ReportMetric(size.all, "B/row")
	b.ReportMetric(size.known, "B/row-without-ids")
	b.ReportMetric(size.disk, "B/row-on-disk")
}

// columnSize is what a column takes of a row, in bytes.
type columnSize struct {
	name  string
	bytes float64
}

// rowSize is what a row takes: all columns, those without random ids, and all
// files of the table's parts, indexes included.
type rowSize struct {
	columns          []columnSize // the largest first
	all, known, disk float64
}

// sizeOfRequests reads the size of a row of requests.
func sizeOfRequests(t testing.TB, conn driver.Conn) (size rowSize) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT column, sum(column_data_compressed_bytes) / sum(rows) AS bytes
		FROM system.parts_columns WHERE database = currentDatabase() AND table = 'requests' AND active
		GROUP BY column ORDER BY bytes DESC`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c columnSize
		if err := rows.Scan(&c.name, &c.bytes); err != nil {
			t.Fatal(err)
		}
		size.columns = append(size.columns, c)
		size.all += c.bytes
		if !randomIDs[c.name] {
			size.known += c.bytes
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	err = conn.QueryRow(t.Context(), `SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts
		WHERE database = currentDatabase() AND table = 'requests' AND active`).Scan(&size.disk)
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// testCodecs changes the codecs under rows that are there: they stay readable,
// and a merge rewrites them to no more than the budget of a row.
func testCodecs(t *testing.T, dsn string, _ driver.Conn) {
	const rows = 100_000
	conn := migratedTo(t, dsn, "codecs_before", 16)
	base := time.Now().UTC().Truncate(24 * time.Hour)
	insert := func(from, count int) {
		t.Helper()
		if err := insertTraffic(t.Context(), conn, base, from, count, rows); err != nil {
			t.Fatal(err)
		}
	}
	sum := func() (rows, hash uint64) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT count(), sum(cityHash64(*)) FROM requests").Scan(&rows, &hash); err != nil {
			t.Fatal(err)
		}
		return rows, hash
	}
	optimize := func() rowSize {
		t.Helper()
		if err := conn.Exec(t.Context(), "OPTIMIZE TABLE requests FINAL"); err != nil {
			t.Fatal(err)
		}
		return sizeOfRequests(t, conn)
	}

	insert(0, rows-1)
	before := optimize()
	_, hash := sum()
	if err := Migrate(t.Context(), conn, Options{}); err != nil {
		t.Fatal(err)
	}
	if got, after := sum(); got != rows-1 || after != hash {
		t.Errorf("%d rows of hash %d, were %d of %d", got, after, rows-1, hash)
	}
	insert(rows-1, 1) // so that there is something to merge
	after := optimize()
	if got, _ := sum(); got != rows {
		t.Errorf("%d rows, want %d", got, rows)
	}
	if after.known > 0.9*before.known {
		t.Errorf("%.2f B per row without ids, were %.2f", after.known, before.known)
	}
	if after.known > 25 || after.disk > 60 {
		t.Errorf("a row takes %.1f B, %.1f without ids, want at most 60 and 25", after.disk, after.known)
	}
}

// migratedTo returns a connection to a new database at the given version of
// the schema, as an older program left it.
func migratedTo(t testing.TB, server, database string, version int) driver.Conn {
	t.Helper()
	d, err := query.ParseDSN(server)
	if err != nil {
		t.Fatal(err)
	}
	d.Database = database
	if err := createDatabase(t.Context(), d, Plain); err != nil {
		t.Fatal(err)
	}
	conn, err := query.OpenWriter(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	all, err := Plain.steps()
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), conn, Plain, all[:version]); err != nil {
		t.Fatal(err)
	}
	return conn
}
