package httpd_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/engine/httpd"
)

// TestInsertInEveryContentEncoding sends a block whole, and cut inside of the
// encoding while the request itself is complete: HTTP sees nothing wrong there.
func TestInsertInEveryContentEncoding(t *testing.T) {
	socket := start(t)
	conn, client := open(t, socket), enginetest.Client(t, socket)
	exec(t, conn, "CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	const rows = 50000
	plain := nativeBlock(t, rows)
	for _, encoding := range httpd.Encodings() {
		t.Run(encoding, func(t *testing.T) {
			for what, target := range map[string]string{"plain": insertURL(""), "frames": insertURL("&decompress=1")} {
				body := plain
				if what == "frames" {
					body = framed(t, plain)
				}
				body = httpd.Encode(t, encoding, body)
				for _, cut := range []int{1, len(body) / 2, len(body) * 9 / 10, len(body) - 1} {
					r := post(t, client, target, bytes.NewReader(body[:cut]), "Content-Encoding", encoding)
					if code := r.Header.Get("X-ClickHouse-Exception-Code"); r.Status == http.StatusOK || code == "" {
						t.Errorf("%s cut at %d of %d: %d %q", what, cut, len(body), r.Status, r.Body)
					}
				}
				if got := number(t, conn, "SELECT count() FROM t"); got != 0 {
					t.Fatalf("%s: %d rows of cut bodies were written", what, got)
				}
				if r := post(t, client, target, bytes.NewReader(body), "Content-Encoding", encoding); r.Status != http.StatusOK {
					t.Errorf("%s: %d %q", what, r.Status, r.Body)
				}
				if got := number(t, conn, "SELECT count() FROM t WHERE s = 'row ' || toString(n)"); got != rows {
					t.Errorf("%s: %d rows, want %d", what, got, rows)
				}
				exec(t, conn, "TRUNCATE TABLE t")
			}
		})
	}
	r := post(t, client, insertURL(""), bytes.NewReader(plain), "Content-Encoding", "snappy")
	if r.Header.Get("X-ClickHouse-Exception-Code") != "48" {
		t.Errorf("an unknown encoding: %d %q, want exception 48", r.Status, r.Body)
	}
}
