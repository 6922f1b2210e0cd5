package httpd_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// typesRow has a field for each kind of column that Plimsoll's tables use.
type typesRow struct {
	At      time.Time         `ch:"at"`
	Service string            `ch:"service"`
	Vantage string            `ch:"vantage"`
	CallID  string            `ch:"call_id"`
	Code    uint16            `ch:"code"`
	Skew    int64             `ch:"skew"`
	Bins    []int16           `ch:"bins"`
	Counts  []uint64          `ch:"counts"`
	Labels  map[string]string `ch:"labels"`
	Zone    *string           `ch:"zone"`
	OK      bool              `ch:"ok"`
	Ratio   float64           `ch:"ratio"`
}

// TestClientColumnsGoThroughUnchanged writes and reads at protocol revision 0,
// where some types have older wire forms.
func TestClientColumnsGoThroughUnchanged(t *testing.T) {
	conn := open(t, start(t), func(o *clickhouse.Options) {
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	})
	exec(t, conn, `CREATE TABLE t (
		at DateTime64(6, 'UTC'), service LowCardinality(String), vantage Enum8('client' = 1, 'server' = 2),
		call_id FixedString(16), code UInt16, skew Int64, bins Array(Int16), counts Array(UInt64),
		labels Map(LowCardinality(String), String), zone LowCardinality(Nullable(String)), ok Bool, ratio Float64
	) ENGINE = MergeTree ORDER BY (service, at)`)
	zone := "eu-1"
	base := time.Date(2026, 11, 24, 13, 0, 0, 123456000, time.UTC)
	var want []typesRow
	for i := range 3000 {
		row := typesRow{
			At: base.Add(time.Duration(i) * time.Microsecond), Service: []string{"a", "b", ""}[i/1000],
			Vantage: []string{"client", "server"}[i%2], CallID: "0123456789abcde\x00", Code: uint16(i), Skew: -int64(i),
			Bins: []int16{int16(i), -1}, Counts: []uint64{1, 1 << 63}, Labels: map[string]string{"k": "v"},
			OK: i%3 == 0, Ratio: float64(i) / 7,
		}
		if i%2 == 0 {
			row.Zone = &zone
		}
		want = append(want, row)
	}
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t")
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if err := batch.AppendStruct(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	var got []typesRow
	if err := conn.Select(t.Context(), &got, "SELECT * FROM t ORDER BY at"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var bins []int16
	var sums []uint64
	if err := conn.QueryRow(t.Context(), "SELECT (sumMap(bins, counts) AS m).1, m.2 FROM (SELECT [toInt16(1), 2] AS bins, [toUInt64(3), 4] AS counts FROM numbers(2))").Scan(&bins, &sums); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int16{1, 2}, bins) + cmp.Diff([]uint64{6, 8}, sums); diff != "" {
		t.Errorf("sumMap:\n%s", diff)
	}
}

func TestClientPingAndVersion(t *testing.T) {
	conn := open(t, start(t))
	if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	version, err := conn.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.Revision != 0 || version.Version.Major != 26 || version.Version.Minor != 7 || version.Timezone != time.UTC {
		t.Errorf("handshake = %+v", version)
	}
}

// TestClientReadsALargeResult is far beyond the buffer that is held back.
func TestClientReadsALargeResult(t *testing.T) {
	socket := start(t)
	for _, method := range []clickhouse.CompressionMethod{clickhouse.CompressionNone, clickhouse.CompressionZSTD} {
		conn := open(t, socket, func(o *clickhouse.Options) { o.Compression = &clickhouse.Compression{Method: method} })
		rows, err := conn.Query(t.Context(), "SELECT number, toString(number) FROM numbers(2000000)")
		if err != nil {
			t.Fatal(err)
		}
		var count, sum uint64
		for rows.Next() {
			var n uint64
			var s string
			if err := rows.Scan(&n, &s); err != nil {
				t.Fatal(err)
			}
			count, sum = count+1, sum+n
		}
		if err := rows.Err(); err != nil || count != 2000000 || sum != 1999999*1000000 {
			t.Errorf("%s: %d rows, sum %d, %v", method, count, sum, err)
		}
		rows.Close()
	}
}

// TestClientThatStopsReadingFreesItsStatement leaves most of a result unread.
func TestClientThatStopsReadingFreesItsStatement(t *testing.T) {
	socket := start(t)
	conn := open(t, socket)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/",
		strings.NewReader("SELECT number, repeat('x', 100) FROM system.numbers"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := enginetest.Client(t, socket).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadFull(response.Body, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	const running = "SELECT count() FROM system.processes WHERE query LIKE '%system.numbers%' AND query NOT LIKE '%processes%'"
	if got := number(t, conn, running); got != 1 {
		t.Fatalf("%d statements run", got)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the statement to be cancelled", func() bool { return number(t, conn, running) == 0 })
}
