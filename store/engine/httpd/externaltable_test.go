package httpd_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// postTable sends one external table called t with columns "n Int8".
func postTable(t *testing.T, socket, query, sql, data string) enginetest.Response {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("t", "t.csv")
	if err != nil {
		t.Fatal(err)
	}
	part.Write([]byte(data))
	if err := w.WriteField("query", sql); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/?t_structure=n+Int8&t_format=CSV"+query, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return enginetest.Do(t, enginetest.Client(t, socket), r)
}

func TestExternalTableLivesForOneRequest(t *testing.T) {
	socket := start(t)
	for _, session := range []string{"", "&session_id=a"} {
		if r := postTable(t, socket, session, "SELECT sum(n) FROM t", "1\n2\n3\n"); r.Body != "6\n" {
			t.Errorf("%q: %d %q, want 6", session, r.Status, r.Body)
		}
		if r := postTable(t, socket, session, "SELECT sum(n) FROM t", "one\n"); r.Status == http.StatusOK {
			t.Errorf("%q: bad data was accepted: %q", session, r.Body)
		}
		if r := enginetest.Post(t, socket, "SELECT * FROM t", "?"+session); r.Header.Get("X-ClickHouse-Exception-Code") != "60" {
			t.Errorf("%q: the table outlived its request: %d %q", session, r.Status, r.Body)
		}
	}
}

func TestExternalTableOfClickhouseGo(t *testing.T) {
	conn := open(t, start(t))
	table, err := ext.NewTable("ids", ext.Column("id", "UInt64"), ext.Column("name", "String"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err := table.Append(uint64(i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	ctx := clickhouse.Context(t.Context(), clickhouse.WithExternalTable(table))
	var n uint64
	if err := conn.QueryRow(ctx, "SELECT count() FROM numbers(5000) WHERE number IN (SELECT id FROM ids)").Scan(&n); err != nil || n != 1000 {
		t.Errorf("rows = %d, %v, want 1000", n, err)
	}
}
