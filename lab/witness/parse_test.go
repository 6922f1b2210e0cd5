package witness

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTornLine: a proxy that was killed while it wrote costs the torn row, not
// the one behind it, and not the whole log.
func TestTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	const whole = `{"direction":"inbound","start":"1767323046.5","duration_us":100,"code":200,"flags":"-","route":"r"}`
	if err := os.WriteFile(path, []byte(whole+"\n"+whole[:40]+whole+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := ReadLog(path, time.Time{}, time.Unix(1<<40, 0))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if diff := cmp.Diff(rows[0], rows[1]); diff != "" {
		t.Error(diff)
	}
}

func TestReadLogOfNothing(t *testing.T) {
	if _, err := ReadLog(filepath.Join(t.TempDir(), "none"), time.Time{}, time.Now()); err == nil || !strings.HasPrefix(err.Error(), "reading access log: ") {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if rows, err := ReadLog(path, time.Time{}, time.Now()); err != nil || len(rows) != 0 {
		t.Errorf("an empty log has %d rows, %v", len(rows), err)
	}
}

// TestNumber: Envoy writes a number as one, as a string, or as nothing.
func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{`7`: 7, `"7.5"`: 7.5, `"-"`: 0, `""`: 0, `null`: 0} {
		row, err := parseRow([]byte(`{"duration_us":` + text + `}`))
		if err != nil || row.Duration != time.Duration(want)*time.Microsecond {
			t.Errorf("%s: %s, %v", text, row.Duration, err)
		}
	}
	for _, text := range []string{`"seven"`, `[7]`, `{}`, `false`} {
		for _, field := range []string{"duration_us", "code", "start"} {
			if _, err := parseRow([]byte(`{"` + field + `":` + text + `}`)); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
				t.Errorf("%s of %s: %v", field, text, err)
			}
		}
	}
}

func TestStoreAnswers(t *testing.T) {
	status := http.StatusOK
	socket := listen(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		query, _ := io.ReadAll(r.Body)
		if strings.HasPrefix(string(query), "SELECT version()") {
			_, _ = io.WriteString(w, "26.7.2.1\n")
		}
	})
	if err := StoreReady(context.Background(), socket); err != nil {
		t.Error(err)
	}
	if v, err := StoreVersion(context.Background(), socket); err != nil || v != "26.7.2.1" {
		t.Errorf("version %q, %v", v, err)
	}
	status = http.StatusInternalServerError
	if err := StoreReady(context.Background(), socket); err == nil {
		t.Error("a store that fails is ready")
	}
	if _, err := StoreVersion(context.Background(), socket); err == nil || !strings.HasPrefix(err.Error(), "asking ClickHouse for its version: ") {
		t.Errorf("version of a store that fails: %v", err)
	}
	if _, err := StoredRows(context.Background(), socket, "x"); err == nil || !strings.HasPrefix(err.Error(), "counting stored rows: ") {
		t.Errorf("rows of a store that fails: %v", err)
	}
}

// TestLongErrorsAreCut: an engine's stack trace is of no use there.
func TestLongErrorsAreCut(t *testing.T) {
	socket := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, strings.Repeat("x", 10_000), http.StatusBadRequest)
	})
	if err := StoreReady(context.Background(), socket); err == nil || len(err.Error()) > 400 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}

func TestCallStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	socket := listen(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if err := EnvoyReady(ctx, socket); err == nil {
		t.Error("no answer, yet it is ready")
	}
}

func TestParseStats(t *testing.T) {
	for text, want := range map[string]Stats{
		"":                                  {},
		"a: 1\nb.c: -2\n":                   {"a": 1, "b.c": -2},
		"no value\nh: No recorded values\n": {},
		"h: P0(nan,1)\nx: 3":                {"x": 3},
	} {
		if diff := cmp.Diff(want, parseStats(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestSubOfARestart(t *testing.T) {
	// A proxy that began again has smaller counters than before.
	grown := Stats{"a": 2, "same": 5}.Sub(Stats{"a": 7, "same": 5, "gone": 9})
	if diff := cmp.Diff(Stats{"a": -5}, grown); diff != "" {
		t.Error(diff)
	}
}

// FuzzParseLine: whatever a proxy leaves in its log is a row or an error.
func FuzzParseLine(f *testing.F) {
	for line := range strings.Lines(logText) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"start":"1e400"}`))
	f.Add([]byte(`{{{"code":"-"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		row, err := parseLine(text)
		again, err2 := parseLine(text)
		if (err == nil) != (err2 == nil) || row != again {
			t.Errorf("%q is read as %+v and as %+v", text, row, again)
		}
		if err == nil && row.Peer == "-" {
			t.Errorf("%q: a dash is no peer", text)
		}
	})
}

func FuzzParseStats(f *testing.F) {
	f.Add("a: 1\nb: P0(1,2)\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name := range parseStats(text) {
			if !strings.Contains(text, name) || strings.Contains(name, "\n") {
				t.Errorf("%q has no counter %q", text, name)
			}
		}
	})
}
