package child

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// stdin is the recording as the bench hands it over, streams one after the
// other.
func stdin(t *testing.T) (in *bytes.Buffer, entries int) {
	t.Helper()
	messages, err := corpus.Load("../testdata/shop.als.gz")
	if err != nil {
		t.Fatal(err)
	}
	c, err := corpus.New(messages)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(messages, func(a, b corpus.Message) int { return a.Stream - b.Stream })
	in = &bytes.Buffer{}
	for _, m := range messages {
		if err := binary.Write(in, binary.BigEndian, uint32(len(m.Bytes))); err != nil {
			t.Fatal(err)
		}
		in.Write(m.Bytes)
	}
	return in, c.Entries
}

// discardStore takes every insert.
func discardStore(t *testing.T) (dsn string) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL + "?database=plimsoll"
}

// TestModes holds both decoders to the same rows.
func TestModes(t *testing.T) {
	for _, mode := range []string{"als", "generated"} {
		t.Run(mode, func(t *testing.T) {
			in, entries := stdin(t)
			messages, err := readAll(in)
			if err != nil {
				t.Fatal(err)
			}
			h, err := newHandler(mode, newPipeline(t))
			if err != nil {
				t.Fatal(err)
			}
			for round := range 2 {
				if n, err := send(h, messages); err != nil || n != entries {
					t.Errorf("round %d made %d rows of %d entries, error %v", round, n, entries, err)
				}
			}
		})
	}
	for _, mode := range []string{"spans", "pdata"} {
		if h, err := newHandler(mode, newPipeline(t)); err != nil {
			t.Error(err)
		} else if _, err := h.message([]byte("no protobuf")); err == nil {
			t.Error("no error of what is no request")
		}
	}
	if _, err := newHandler("magic", nil); err == nil || !strings.Contains(err.Error(), `mode "magic"`) {
		t.Errorf("error = %v", err)
	}
}

// TestRun measures up to sealed blocks.
func TestRun(t *testing.T) {
	in, entries := stdin(t)
	var out bytes.Buffer
	if err := Run(t.Context(), "als", NoStore, 2, in, &out); err != nil {
		t.Fatal(err)
	}
	var c Cost
	if err := json.Unmarshal(out.Bytes(), &c); err != nil || c.Rows != 2*entries || c.CPU <= 0 || c.Wall <= 0 {
		t.Errorf("cost %+v of %d entries sent twice, error %v", c, entries, err)
	}
}

func TestReadAll(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want int
		ok   bool
	}{
		"nothing":     {"", 0, true},
		"two":         {"\x00\x00\x00\x01a\x00\x00\x00\x00", 2, true},
		"half a head": {"\x00\x00", 0, false},
		"half a body": {"\x00\x00\x00\x02a", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(strings.NewReader(tc.in))
			if len(got) != tc.want || (err == nil) != tc.ok {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
}

func TestCostIsOneLine(t *testing.T) {
	text, err := json.Marshal(Cost{Rows: 3, CPU: 0.5, Wall: 1, Allocs: 7})
	if want := `{"rows":3,"cpu_s":0.5,"wall_s":1,"allocs":7}`; err != nil || string(text) != want {
		t.Errorf("cost = %s, %v", text, err)
	}
}

// newPipeline makes a pipeline that nothing is stored of.
func newPipeline(t *testing.T) *ingest.Pipeline {
	t.Helper()
	p, err := ingest.New(ingest.Config{DSN: discardStore(t), Collector: "test"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
