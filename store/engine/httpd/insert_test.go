package httpd_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// nativeBlock returns rows (n, "row <n>") as a Native block.
func nativeBlock(t testing.TB, rows int) []byte {
	t.Helper()
	var n proto.ColUInt64
	var s proto.ColStr
	for i := range rows {
		n.Append(uint64(i))
		s.Append("row " + strconv.Itoa(i))
	}
	var b proto.Buffer
	block := proto.Block{Columns: 2, Rows: rows}
	if err := block.EncodeRawBlock(&b, 0, []proto.InputColumn{{Name: "n", Data: n}, {Name: "s", Data: s}}); err != nil {
		t.Fatal(err)
	}
	return b.Buf
}

// framed returns data as LZ4 frames of 64 KiB.
func framed(t testing.TB, data []byte) []byte {
	t.Helper()
	var out []byte
	w := compress.NewWriter(compress.LevelZero, compress.LZ4)
	for len(data) > 0 {
		n := min(len(data), 64<<10)
		if err := w.Compress(data[:n]); err != nil {
			t.Fatal(err)
		}
		out, data = append(out, w.Data...), data[n:]
	}
	return out
}

func insertURL(extra string) string {
	return "http://engine/?database=plimsoll&query=" + url.QueryEscape("INSERT INTO t FORMAT Native") + extra
}

// post sends body; a reader of unknown length goes out in chunks.
func post(t *testing.T, client *http.Client, target string, body io.Reader, header ...string) enginetest.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return enginetest.Do(t, client, r)
}

func TestInsertOfABatch(t *testing.T) {
	conn := open(t, start(t))
	exec(t, conn, "CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t (s, n)")
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(100000) {
		if err := batch.Append("row "+strconv.FormatUint(i, 10), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	if got := number(t, conn, "SELECT count() FROM t WHERE s = 'row ' || toString(n)"); got != 100000 {
		t.Errorf("%d rows, want 100000", got)
	}
	if got := number(t, conn, "SELECT count() FROM system.parts WHERE table = 't' AND active"); got != 1 {
		t.Errorf("%d parts, want one insert to be one part", got)
	}
}

func TestInsertTakesEveryEncoding(t *testing.T) {
	socket := start(t)
	conn, client := open(t, socket), enginetest.Client(t, socket)
	exec(t, conn, "CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	plain := nativeBlock(t, 1000)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	chunked := func(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) }
	responses := []enginetest.Response{
		post(t, client, insertURL(""), bytes.NewReader(plain)),
		post(t, client, insertURL(""), chunked(plain)),
		post(t, client, insertURL("&decompress=1"), bytes.NewReader(framed(t, plain))),
		post(t, client, insertURL(""), chunked(zipped.Bytes()), "Content-Encoding", "gzip"),
		post(t, client, "http://engine/?database=plimsoll", bytes.NewReader(append([]byte("INSERT INTO t FORMAT Native\n"), plain...))),
		post(t, client, "http://engine/?database=plimsoll&query=INSERT+INTO+t+SELECT+number,+''+FROM+numbers(1000)", nil),
	}
	for i, r := range responses {
		if r.Status != 200 || r.Body != "" {
			t.Errorf("insert %d: %d %q", i, r.Status, r.Body)
		}
		if got := r.Header.Get("X-ClickHouse-Summary"); !strings.Contains(got, `"written_rows":"1000"`) {
			t.Errorf("insert %d: summary %s", i, got)
		}
	}
	if got := number(t, conn, "SELECT count() FROM t"); got != uint64(1000*len(responses)) {
		t.Errorf("%d rows, want %d", got, 1000*len(responses))
	}
}

func TestInsertOfValues(t *testing.T) {
	socket := start(t)
	conn := open(t, socket)
	exec(t, conn, "CREATE TABLE t (n UInt64, s String DEFAULT 'default') ENGINE = MergeTree ORDER BY n")
	bodies := map[string]string{
		"?database=plimsoll":                            "INSERT INTO t VALUES (1, 'a;b'), (1 + 1, upper('x'))",
		"?database=plimsoll&query=INSERT+INTO+t+VALUES": "(3, 'c')",
		"?database=plimsoll&query=INSERT+INTO+t+VALUES+({n:UInt64},{s:String})&param_n=4&param_s=d": "",
		"?database=plimsoll&param_n=5":                              "INSERT INTO t (n) VALUES ({n:UInt64})",
		"?database=plimsoll&query=INSERT+INTO+t+FORMAT+JSONEachRow": `{"n": 6}`,
	}
	for query, body := range bodies {
		if r := enginetest.Post(t, socket, body, query); r.Status != 200 {
			t.Errorf("%s %q: %d %s", query, body, r.Status, r.Body)
		}
	}
	got := enginetest.Post(t, socket, "SELECT * FROM t ORDER BY n", "?database=plimsoll").Body
	if want := "1\ta;b\n2\tX\n3\tc\n4\td\n5\tdefault\n6\tdefault\n"; got != want {
		t.Errorf("rows = %q, want %q", got, want)
	}
}

func TestInsertRefuses(t *testing.T) {
	socket := start(t)
	conn, client := open(t, socket), enginetest.Client(t, socket)
	exec(t, conn, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n", "CREATE TABLE u (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	block := nativeBlock(t, 10)
	long := framed(t, nativeBlock(t, 10000)) // several frames
	border := len(framed(t, nativeBlock(t, 10000)[:64<<10]))
	corrupt := framed(t, block)
	corrupt[len(corrupt)-1] ^= 1
	tests := []struct {
		name, target string
		body         []byte
		code         string
	}{
		{"an unknown column", insertURL(""), block, "117"},
		{"an unknown column beside a column list", strings.Replace(insertURL(""), "t+FORMAT", "t+(n)+FORMAT", 1), block, "117"},
		{"a frame with a wrong checksum", strings.Replace(insertURL("&decompress=1"), "+t+", "+u+", 1), corrupt, "33"},
		{"frames that end on a border", strings.Replace(insertURL("&decompress=1"), "+t+", "+u+", 1), long[:border], "33"},
		{"frames that end behind a head", strings.Replace(insertURL("&decompress=1"), "+t+", "+u+", 1), long[:border+25], "33"},
		{"a block that ends early", strings.Replace(insertURL(""), "+t+", "+u+", 1), block[:len(block)-1], "33"},
		{"frames that were not announced", strings.Replace(insertURL(""), "+t+", "+u+", 1), framed(t, block), ""},
		{"an unknown table", strings.Replace(insertURL(""), "+t+", "+nope+", 1), block, "60"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := post(t, client, tt.target, bytes.NewReader(tt.body))
			if code := r.Header.Get("X-ClickHouse-Exception-Code"); r.Status == 200 || code == "" || tt.code != "" && code != tt.code {
				t.Errorf("status %d, code %q, want code %q: %s", r.Status, code, tt.code, r.Body)
			}
		})
	}
	if got := number(t, conn, "SELECT count() FROM t") + number(t, conn, "SELECT count() FROM u"); got != 0 {
		t.Errorf("%d rows were written", got)
	}
}

// TestInsertRefusedEarlyStillSaysWhy sends far more than socket buffers hold to an
// insert that fails before it reads anything.
func TestInsertRefusedEarlyStillSaysWhy(t *testing.T) {
	client := enginetest.Client(t, start(t))
	block := bytes.Repeat([]byte("x"), 20<<20)
	for range 20 {
		r := post(t, client, strings.Replace(insertURL(""), "+t+", "+nope+", 1), bytes.NewReader(block))
		if code := r.Header.Get("X-ClickHouse-Exception-Code"); code != "60" {
			t.Fatalf("status %d, code %q, want 60: %s", r.Status, code, r.Body)
		}
	}
}

// TestInsertThatBreaksOffWritesNothing cuts a body that the client had announced
// in full, at places that fall on and beside frame borders.
func TestInsertThatBreaksOffWritesNothing(t *testing.T) {
	socket := start(t)
	conn := open(t, socket)
	exec(t, conn, "CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	plain := nativeBlock(t, 100000)
	frame := framed(t, plain[:64<<10]) // the first frame of the whole
	whole := framed(t, plain)
	native, frames := insertURL(""), insertURL("&decompress=1")
	tabSeparated := strings.Replace(native, "Native", "TabSeparated", 1)
	lines := bytes.Repeat([]byte("1\tone\n"), 100000)
	tests := []struct {
		name    string
		target  string
		body    []byte
		cut     int
		chunked bool
	}{
		{"plain, half", native, plain, len(plain) / 2, false},
		{"plain, last byte", native, plain, len(plain) - 1, false},
		{"plain in chunks, nine tenths", native, plain, len(plain) / 10 * 9, true},
		{"plain in chunks, all but the last chunk's end", native, plain, len(plain), true},
		{"frames, on a border", frames, whole, len(frame), false},
		{"frames in chunks, on a border", frames, whole, len(frame), true},
		{"frames, within a head", frames, whole, len(frame) + 10, false},
		{"frames, behind a head", frames, whole, len(frame) + 25, true},
		{"nothing at all", native, plain, 0, false},
		{"lines, on a border", tabSeparated, lines, len(lines) / 2, false},
		{"lines in chunks, on a border", tabSeparated, lines, len(lines) / 2, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			breakOff(t, socket, tt.target, tt.body, tt.cut, tt.chunked)
			const running = "SELECT count() FROM system.processes WHERE query LIKE 'INSERT%'"
			waitFor(t, "the insert to end", func() bool { return number(t, conn, running) == 0 })
			if got := number(t, conn, "SELECT count() FROM t"); got != 0 {
				t.Errorf("%d rows were written", got)
			}
		})
	}
	// The same body, whole.
	if r := post(t, enginetest.Client(t, socket), insertURL("&decompress=1"), bytes.NewReader(whole)); r.Status != 200 {
		t.Fatalf("whole body: %d %s", r.Status, r.Body)
	}
	if got := number(t, conn, "SELECT count() FROM t"); got != 100000 {
		t.Errorf("%d rows of the whole body, want 100000", got)
	}
}

// breakOff sends the head of a request and cut bytes of its body, then closes
// its side of the connection and waits for the server to do the same.
func breakOff(t *testing.T, socket, target string, body []byte, cut int, chunked bool) {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head := "POST " + strings.TrimPrefix(target, "http://engine") + " HTTP/1.1\r\nHost: engine\r\n"
	var wire bytes.Buffer
	if chunked {
		wire.WriteString(head + "Transfer-Encoding: chunked\r\n\r\n")
		wire.WriteString(strconv.FormatInt(int64(len(body)), 16) + "\r\n")
	} else {
		wire.WriteString(head + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n")
	}
	wire.Write(body[:cut])
	if _, err := conn.Write(wire.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		t.Logf("reading the answer: %v", err)
	}
	if bytes.Contains(answer, []byte("HTTP/1.1 200")) {
		t.Errorf("the server answered 200: %q", answer)
	}
}
