package engine

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// collect returns a childLog, what it logs, and its clock.
func collect() (*childLog, *bytes.Buffer, *time.Time) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)
	handler := slog.NewTextHandler(&out, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})
	return newChildLog(slog.New(handler), func() time.Time { return now }), &out, &now
}

func write(t *testing.T, l *childLog, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
}

func TestChildLogForwardsLines(t *testing.T) {
	tests := []struct {
		name   string
		pieces []string
		want   string
	}{
		{"a record keeps level and fields", []string{`{"time":"2026-11-24T13:00:00Z","level":"WARN","msg":"slow","ms":12}` + "\n"}, "level=WARN msg=slow ms=12\n"},
		{"other lines become a field", []string{"terminate called\n"}, "level=INFO msg=\"engine output\" line=\"terminate called\"\n"},
		{"cut anywhere", []string{"ab", "c\nd", "ef\n"}, "level=INFO msg=\"engine output\" line=abc\nlevel=INFO msg=\"engine output\" line=def\n"},
		{"no line, no record", []string{"abc"}, ""},
		{"empty lines are dropped", []string{"\n\r\n\n"}, ""},
		{
			"JSON that is no record",
			[]string{"{\"a\":1}\n", "[1]\n", `{"msg":"x","level":"LOUD"}` + "\n"},
			"level=INFO msg=\"engine output\" line=\"{\\\"a\\\":1}\"\nlevel=INFO msg=\"engine output\" line=[1]\nlevel=INFO msg=\"engine output\" line=\"{\\\"msg\\\":\\\"x\\\",\\\"level\\\":\\\"LOUD\\\"}\"\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, out, _ := collect()
			write(t, l, tt.pieces...)
			if out.String() != tt.want {
				t.Errorf("log = %q, want %q", out, tt.want)
			}
		})
	}
}

func TestChildLogCutsLongLines(t *testing.T) {
	l, out, _ := collect()
	for range 100 {
		write(t, l, strings.Repeat("x", 1000))
	}
	write(t, l, "\nshort\n")
	if got := strings.Count(out.String(), "x"); got != maxLogLine {
		t.Errorf("%d bytes of the line were kept, want %d", got, maxLogLine)
	}
	if !strings.Contains(out.String(), "line=short") {
		t.Error("the next line is lost")
	}
}

func TestChildLogBoundsItsRate(t *testing.T) {
	l, out, now := collect()
	for i := range maxLogRate + 50 {
		write(t, l, fmt.Sprintf("line %d\n", i))
	}
	if got := strings.Count(out.String(), "\n"); got != maxLogRate {
		t.Errorf("%d lines in a second, want %d", got, maxLogRate)
	}
	*now = now.Add(time.Second)
	out.Reset()
	write(t, l, "later\n")
	if want := "level=WARN msg=\"engine output suppressed\" lines=50\nlevel=INFO msg=\"engine output\" line=later\n"; out.String() != want {
		t.Errorf("log = %q, want %q", out, want)
	}
}

func TestChildLogKeepsTheLastLines(t *testing.T) {
	l, _, _ := collect()
	for i := range 3 * keptLogLines {
		write(t, l, fmt.Sprintf("line %d\n", i))
	}
	write(t, l, `{"level":"ERROR","msg":"engine failed","error":"disk full"}`+"\n")
	got := strings.Split(l.lastLines(), "; ")
	if len(got) != keptLogLines || got[0] != "line 21" || got[keptLogLines-1] != "engine failed error=disk full" {
		t.Errorf("last lines = %q", got)
	}
}
