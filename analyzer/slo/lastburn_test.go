package slo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
)

// buckets turns a picture into counts, one letter a bucket, for an SLO of 99 %
// whose gravest factor is 10: "." clean, "," one failure of a hundred (burn
// rate 1), "-" two (2), "B" half (50), " " no events.
func buckets(picture string) []Count {
	kinds := map[rune]Count{'.': {Good: 100, Total: 100}, ',': {Good: 99, Total: 100}, '-': {Good: 98, Total: 100}, 'B': {Good: 50, Total: 100}, ' ': {}}
	var list []Count
	for _, c := range picture {
		list = append(list, kinds[c])
	}
	return list
}

// TestFindBurn marks what must be found under each picture: "h" healthy, "s"
// stressed.
func TestFindBurn(t *testing.T) {
	for _, tc := range []struct{ name, picture, want string }{
		{"none", "..........", "          "},
		{"over", ".....BBB..", "hhhhhsss  "},
		{"goes on", ".....BBBBB", "hhhhhsssss"},
		{"the latest", "...BB...B.", "     hhhs "},
		{"healthy ends at the burn before it", "BB...BB...", "  hhhss   "},
		{"an onset that does not burn yet is no part of either", ".....--BB.", "hhhhh  ss "},
		{"a single failure in between is within the share", "..,.,.BB..", "hhhhhhss  "},
		{"two failures, but the stretch keeps within its share", "..-...BB..", "hhhhhhss  "},
		{"failures at its far end are left out", "----...BB.", " hhhhhhss "},
		{"two buckets are no stretch, so further back", "....B..BB.", "hhhh   ss "},
		{"nowhere", "..BB..B.. ", "      s   "},
		{"a gap in traffic ends it", "... ...B..", "    hhhs  "},
		{"a gap in traffic ends a burn", "...BB BB..", "hhh   ss  "},
		{"burning from the start", "BBBB......", "ssss      "},
		{"burning all along", "BBBBBBBBBB", "ssssssssss"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, found := findBurn(demo(), t0, buckets(tc.picture))
			if want := strings.Contains(tc.want, "s"); found != want {
				t.Fatalf("found = %v, want %v", found, want)
			}
			if diff := cmp.Diff(tc.want, paint(b, len(tc.picture))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func paint(b Burn, n int) string {
	out := []byte(strings.Repeat(" ", n))
	mark := func(w Window, c byte) {
		for at := w.From; at.Before(w.To); at = at.Add(Grid) {
			out[at.Sub(t0)/Grid] = c
		}
	}
	mark(b.Healthy, 'h')
	mark(b.Stressed, 's')
	return string(out)
}

func TestHealthyIsAtMostTenMinutes(t *testing.T) {
	b, _ := findBurn(demo(), t0, buckets(strings.Repeat(".", 100)+"B"))
	if got := b.Healthy.Len(); got != 10*m {
		t.Errorf("healthy for %v, want 10m", got)
	}
}

func TestGravestRow(t *testing.T) {
	s := &SLO{Rows: []Row{{Severity: Ticket, Long: h, Short: m, Factor: 20}, {Severity: Page, Long: h, Short: m, Factor: 2}, {Severity: Page, Long: h, Short: m, Factor: 6}, {Severity: Ticket, Long: h, Short: m, Factor: 1}}}
	if got := burn.Gravest(s.Rows); got.Severity != Page || got.Factor != 6 {
		t.Errorf("gravest = %+v, want page 6", got)
	}
}

func TestLastBurn(t *testing.T) {
	first, second := demo(), demo()
	first.Name, second.Name = "first", "second"
	second.Indicator.Latency = time.Second
	e := evaluatorOf(script{start: t0, buckets: buckets("......BB...")}, first, second)
	got, found, err := e.LastBurn(t.Context(), t0.Add(111*s))
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	want := Burn{SLO: "first", Healthy: span(0, 60*s), Stressed: span(60*s, 80*s)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	e = evaluatorOf(script{start: t0, buckets: buckets("......BB...")}, second)
	if got, _, _ := e.LastBurn(t.Context(), t0.Add(75*s)); got.Deadline != time.Second || got.Stressed != span(60*s, 70*s) {
		t.Errorf("as of the middle of the burn = %+v", got)
	}
	if _, found, _ := e.LastBurn(t.Context(), t0.Add(55*s)); found {
		t.Error("found a burn before it began")
	}
	if _, found, _ := e.LastBurn(t.Context(), t0.Add(3*h)); found {
		t.Error("found a burn older than the period")
	}
}
