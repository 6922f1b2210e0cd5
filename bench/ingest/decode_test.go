package ingest

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
)

func TestPacked(t *testing.T) {
	m := func(stream int, text string) corpus.Message {
		return corpus.Message{Stream: stream, Bytes: []byte(text)}
	}
	messages := []corpus.Message{m(0, "a"), m(1, "xx"), m(0, "b"), m(1, "y"), m(0, "cccc"), m(0, "d")}
	got := packed(messages, 5)
	want := [][]byte{[]byte("ab"), []byte("ccccd"), []byte("xxy")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packed messages differ (-want +got):\n%s", diff)
	}
	got[0][0] = '!'
	if string(messages[0].Bytes) != "a" {
		t.Error("packing changes the recording")
	}
}

// TestByStream packs the recording: nothing of it is lost, and each stream
// begins with its identifier.
func TestByStream(t *testing.T) {
	messages, err := corpus.Load("../testdata/shop.als.gz")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := corpus.New(messages)
	if err != nil {
		t.Fatal(err)
	}
	streams := map[int]bool{}
	for _, m := range messages {
		streams[m.Stream] = true
	}
	list, err := byStream(messages, messageBytes)
	if err != nil {
		t.Fatal(err)
	}
	entries, size := 0, 0
	for _, s := range list {
		for i, n := range s.entries {
			entries += n
			size += len(s.messages[i])
		}
	}
	if len(list) != len(streams) || entries != whole.Entries {
		t.Errorf("%d streams with %d entries, want %d with %d", len(list), entries, len(streams), whole.Entries)
	}
	total := 0
	for _, m := range messages {
		total += len(m.Bytes)
	}
	if size != total {
		t.Errorf("%d bytes, want %d", size, total)
	}
}

func TestSpanRequests(t *testing.T) {
	list, err := spanRequests(2)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[16]byte]bool{}
	for _, text := range list {
		request := ptraceotlp.NewExportRequest()
		if err := request.UnmarshalProto(text); err != nil {
			t.Fatal(err)
		}
		if n := request.Traces().SpanCount(); n != spansPerRequest {
			t.Errorf("a request has %d spans, want %d", n, spansPerRequest)
		}
		for _, rs := range request.Traces().ResourceSpans().All() {
			for _, s := range rs.ScopeSpans().At(0).Spans().All() {
				seen[s.TraceID()] = true
			}
		}
	}
	if len(seen) != 2*spansPerRequest {
		t.Errorf("%d traces, want one for each of %d spans", len(seen), 2*spansPerRequest)
	}
}

func TestFeed(t *testing.T) {
	var out closer
	if err := feed(&out, [][]byte{[]byte("ab"), {}, bytes.Repeat([]byte("x"), 300)}); err != nil {
		t.Fatal(err)
	}
	want := append([]byte{0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0, 0, 0, 1, 44}, bytes.Repeat([]byte("x"), 300)...)
	if !bytes.Equal(out.Bytes(), want) || !out.closed {
		t.Errorf("fed %q, closed: %t", out.Bytes(), out.closed)
	}
}

type closer struct {
	bytes.Buffer
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

// TestSpend runs programs that say what they cost, or do not.
func TestSpend(t *testing.T) {
	messages := [][]byte{[]byte("one"), []byte("two")}
	got, err := spend(t.Context(), messages, "/bin/sh", "-c", `test "$(wc -c)" = 14 && echo "{\"rows\": 2, \"cpu_s\": $GOMAXPROCS, \"allocs\": 5}"`)
	if want := (Cost{Rows: 2, CPU: 1, Allocs: 5}); err != nil || got != want {
		t.Errorf("cost %+v, error %v, want %+v", got, err, want)
	}
	for _, script := range []string{"cat >/dev/null; exit 1", "cat >/dev/null; echo no JSON", "exit 0"} {
		if _, err := spend(t.Context(), messages, "/bin/sh", "-c", script); err == nil {
			t.Errorf("no error of %q", script)
		}
	}
}

// TestPacer asks for more than a second's worth: what is not due waits.
func TestPacer(t *testing.T) {
	p := &pacer{perSecond: 1e6}
	began := time.Now()
	for range 10 {
		if err := p.admit(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 9*time.Millisecond {
		t.Errorf("10,000 entries at a million per second were admitted within %s", took)
	}
}
