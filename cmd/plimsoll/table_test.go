package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
)

func TestTable(t *testing.T) {
	table := table{columns: []column{textColumn("NAME"), numberColumn("N"), textColumn("MORE").onlyWide(), textColumn("NOTE")}}
	table.add("é→", "1000", "w", "")
	table.add("longer", "7", "", "last")
	for _, c := range []struct {
		wide bool
		want []string
	}{
		{false, []string{
			"NAME        N   NOTE",
			"é→       1000   -",
			"longer      7   last",
		}},
		{true, []string{
			"NAME        N   MORE   NOTE",
			"é→       1000   w      -",
			"longer      7   -      last",
		}},
	} {
		var out strings.Builder
		if err := table.write(&out, c.wide); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), strings.Join(c.want, "\n")+"\n"; got != want {
			t.Errorf("wide=%v:\n%s\nwant:\n%s", c.wide, got, want)
		}
	}
}

// brokenPipe fails every write.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTableReportsWriteErrors(t *testing.T) {
	table := table{columns: []column{textColumn("NAME")}}
	if err := table.write(brokenPipe{}, false); err == nil {
		t.Error("no error from a broken pipe")
	}
}

// TestPrintReportsWriteErrors: a script behind a pipe must learn that it did not
// get all.
func TestPrintReportsWriteErrors(t *testing.T) {
	r := result{
		message: &slov1.ListSLOsResponse{},
		names:   []string{"a"},
		tables:  []table{sloTable([]*slov1.SLOStatus{{Name: "a"}}), sloTable([]*slov1.SLOStatus{{Name: "b"}})},
	}
	for _, format := range formats() {
		p := &printer{format: format, out: brokenPipe{}, errOut: io.Discard}
		if err := p.print(r); err == nil || !strings.Contains(err.Error(), "broken pipe") {
			t.Errorf("-o %s: error %v, want that of the pipe", format, err)
		}
	}
}

func TestCells(t *testing.T) {
	half := 0.5
	for _, c := range []struct{ got, want string }{
		{percentCell(nil, 1), ""},
		{percentCell(&half, 1), "50.0"},
		{trimmedPercent(0.999), "99.9"},
		{trimmedPercent(0.9), "90"},
		{trimmedPercent(0.99999), "99.999"},
		{durationCell(nil), ""},
		{durationCell(durationpb.New(0)), "0s"},
		{durationCell(durationpb.New(90 * time.Second)), "1m30s"},
		{durationCell(durationpb.New(20 * time.Minute)), "20m"},
		{durationCell(durationpb.New(time.Hour)), "1h"},
		{durationCell(durationpb.New(26*time.Hour + 30*time.Minute)), "26h30m"},
		{durationCell(durationpb.New(28 * 24 * time.Hour)), "28d"},
		{durationCell(durationpb.New(250 * time.Millisecond)), "250ms"},
		{millisecondsCell(durationpb.New(1500 * time.Microsecond)), "1.5"},
		{timeCell(nil), ""},
		{clean("a\nb\x1b[31m\u009bc"), "a b [31m c"},
		{outcomesCell(map[string]uint64{"ok": 5, "timeout": 7, "denied": 5}), "timeout=7,denied=5,ok=5"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWhen(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-03-01T11:00:00Z":             now.Add(-time.Hour),
		"2026-03-01T12:00:00.000001+01:00": now.Add(-time.Hour + time.Microsecond),
		"10m":                              now.Add(-10 * time.Minute),
		"0s":                               now,
	} {
		w := when{now: func() time.Time { return now }}
		if err := w.Set(text); err != nil || !w.time.Equal(want) || w.String() != text {
			t.Errorf("%q: %v, error %v; want %v", text, w.time, err, want)
		}
	}
	for _, text := range []string{"", "-5m", "12:00", "2026-03-01", "5"} {
		w := when{now: func() time.Time { return now }}
		if err := w.Set(text); err == nil {
			t.Errorf("%q is accepted as %v", text, w.time)
		}
	}
}

func TestSpan(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := newSpan(func() time.Time { return now })
	if s.proto() != nil {
		t.Error("a window that was not set is one")
	}
	if err := s.Set("10m/2026-03-01T11:59:00Z"); err != nil {
		t.Fatal(err)
	}
	w := s.proto()
	if got := w.To.AsTime().Sub(w.From.AsTime()); got != 9*time.Minute {
		t.Errorf("window of %s, want 9m", got)
	}
}
