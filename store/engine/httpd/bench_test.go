package httpd_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// BenchmarkSelectOne is the cost of a statement as such: HTTP, pool, engine.
func BenchmarkSelectOne(b *testing.B) {
	socket := enginetest.StartIn(b, enginetest.Dir(b)).Socket
	client := enginetest.Client(b, socket)
	b.Run("pooled", func(b *testing.B) {
		for b.Loop() {
			mustPost(b, client, "http://engine/?database=plimsoll", []byte("SELECT 1"))
		}
	})
	b.Run("new session", func(b *testing.B) {
		for n := 1; b.Loop(); n++ {
			mustPost(b, client, fmt.Sprintf("http://engine/?database=plimsoll&max_block_size=%d", n), []byte("SELECT 1"))
		}
	})
}

// BenchmarkInsertBlock is the path of a sealed block: Native in LZ4 frames with a
// token of its own.
func BenchmarkInsertBlock(b *testing.B) {
	socket := enginetest.StartIn(b, enginetest.Dir(b)).Socket
	client := enginetest.Client(b, socket)
	mustPost(b, client, "http://engine/?database=plimsoll", []byte("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1, non_replicated_deduplication_window = 10000"))
	const rows = 8192
	block := framed(b, nativeBlock(b, rows))
	for n := 0; b.Loop(); n++ {
		mustPost(b, client, insertURL(fmt.Sprintf("&decompress=1&insert_deduplication_token=%d", n)), block)
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}

func mustPost(b *testing.B, client *http.Client, target string, body []byte) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if got := enginetest.Do(b, client, r); got.Status != http.StatusOK {
		b.Fatalf("%d %s", got.Status, got.Body)
	}
}
