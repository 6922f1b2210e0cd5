package observe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// memory is a store whose blocks land one after the other. between is called
// between the two reads of a round, as a block that lands just then.
type memory struct {
	landed  []landed
	between func()
}

func (m *memory) in(from, to time.Time) (out []landed) {
	for _, r := range m.landed {
		if at := r.At.AsTime(); !at.Before(from) && at.Before(to) {
			out = append(out, r)
		}
	}
	return out
}

func (m *memory) blocks(_ context.Context, _ condition, from, frontier, to time.Time) ([]block, error) {
	var out []block
	for _, r := range m.in(from, to) {
		i := slices.IndexFunc(out, func(b block) bool { return b.id == r.block })
		if i < 0 {
			i, out = len(out), append(out, block{id: r.block})
		}
		if r.At.AsTime().Before(frontier) {
			out[i].before++
		} else {
			out[i].after++
		}
	}
	if m.between != nil {
		m.between()
	}
	return out, nil
}

func (m *memory) last(_ context.Context, _ condition, from, to time.Time, n int) ([]landed, error) {
	found := m.in(from, to)
	slices.SortFunc(found, func(a, b landed) int { return a.At.AsTime().Compare(b.At.AsTime()) })
	return found[max(len(found)-n, 0):], nil
}

// sample honours the condition on blocks, which is the last argument of a late
// read.
func (m *memory) sample(_ context.Context, c condition, from, to time.Time, n int) ([]landed, error) {
	found := m.in(from, to)
	if len(c.args) > 0 {
		found = slices.DeleteFunc(found, func(r landed) bool { return !slices.Contains(c.args[0].([]string), r.block) })
	}
	return found[:min(n, len(found))], nil
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func rowAt(block string, at time.Time, id string) landed {
	return landed{block: block, RequestRow: &observev1.RequestRow{At: timestamppb.New(at), RequestId: id}}
}

// sink collects what a stream sends.
type sink struct {
	rows    map[string]int
	late    int
	skipped uint64
}

func (s *sink) send(m *observev1.ObserveResponse) error {
	if r := m.GetRow(); r != nil {
		s.rows[r.RequestId]++
		if r.Late {
			s.late++
		}
	}
	s.skipped += m.GetSkipped().GetRows()
	return nil
}

// TestEveryRowOnce lets blocks land in random order and lateness, some of them
// in the midst of a round, while the watermark moves at random. Without a limit
// every row is sent once; with one, what was sent and what was skipped add up.
func TestEveryRowOnce(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 7))
		rate := []int{1 << 20, 3}[seed%2]
		store, out := &memory{}, &sink{rows: map[string]int{}}
		s := &stream{rows: store, rate: rate, send: out.send}
		total := 0
		land := func(watermark time.Time) {
			id := fmt.Sprintf("block-%d", total)
			for range 1 + rng.IntN(5) {
				total++
				at := watermark.Add(time.Duration(rng.IntN(20_000)-10_000) * time.Millisecond)
				if at.Before(noon) {
					at = noon
				}
				store.landed = append(store.landed, rowAt(id, at, fmt.Sprint(total)))
			}
		}
		if err := s.begin(t.Context(), query.Mark{At: noon}, noon.Add(-time.Minute), 0); err != nil {
			t.Fatal(err)
		}
		watermark := noon
		for range 40 {
			watermark = watermark.Add(time.Duration(rng.IntN(3000)-500) * time.Millisecond) // may go back
			for range rng.IntN(3) {
				land(watermark)
			}
			store.between = func() {
				if store.between = nil; rng.IntN(3) == 0 {
					land(watermark)
				}
			}
			if err := s.round(t.Context(), watermark); err != nil {
				t.Fatal(err)
			}
		}
		store.between = nil
		for range 2 {
			watermark = watermark.Add(time.Minute)
			if err := s.round(t.Context(), watermark); err != nil {
				t.Fatal(err)
			}
		}
		for id, n := range out.rows {
			if n != 1 {
				t.Errorf("seed %d: row %s was sent %d times", seed, id, n)
			}
		}
		if len(out.rows)+int(out.skipped) != total {
			t.Errorf("seed %d: %d rows sent and %d skipped of %d", seed, len(out.rows), out.skipped, total)
		}
		if rate > total && out.skipped != 0 {
			t.Errorf("seed %d: %d rows skipped without a limit", seed, out.skipped)
		}
		if out.late == 0 && rate > total {
			t.Errorf("seed %d: no row came late: the test shows less than it should", seed)
		}
	}
}

func TestLastRowsComeFirst(t *testing.T) {
	store, out := &memory{}, &sink{rows: map[string]int{}}
	for i := range 10 {
		store.landed = append(store.landed, rowAt("b", noon.Add(time.Duration(i-10)*time.Second), fmt.Sprint(i)))
	}
	s := &stream{rows: store, rate: 1, send: out.send}
	if err := s.begin(t.Context(), query.Mark{At: noon}, noon.Add(-time.Minute), 3); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"7": 1, "8": 1, "9": 1}, out.rows); diff != "" {
		t.Errorf("last three rows (-want +got):\n%s", diff)
	}
	if err := s.round(t.Context(), noon.Add(time.Second)); err != nil || len(out.rows) != 3 || out.skipped != 0 {
		t.Errorf("a round without news sent %v, skipped %d, error %v", out.rows, out.skipped, err)
	}
}

// TestReaderThatLeaves: an error of sending ends the round, and is passed on.
func TestReaderThatLeaves(t *testing.T) {
	gone := errors.New("gone")
	s := &stream{rows: &memory{landed: []landed{rowAt("b", noon, "1")}}, rate: 10, send: func(*observev1.ObserveResponse) error { return gone }}
	s.cursor.advance(noon, nil)
	if err := s.round(t.Context(), noon.Add(time.Second)); !errors.Is(err, gone) {
		t.Errorf("error %v, want that of sending", err)
	}
}

func TestFilterErrors(t *testing.T) {
	for want, f := range map[string]*observev1.Filter{
		`unknown outcome "broken": use failed, or unknown, ok`:  {Outcomes: []string{"broken"}},
		`unknown flag "XX": use Envoy's short codes`:            {Flags: []string{"XX"}},
		`unknown vantage "caller": use client, server, gateway`: {Vantages: []string{"caller"}},
		`trace id "xyz" is not made of 32 hex digits`:           {TraceId: "xyz"},
		`trace id "4bf92f" is not made of 32 hex digits`:        {TraceId: "4bf92f"},
	} {
		if _, err := where(f); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", f, err, want)
		}
	}
}

// TestFiltersAreArguments: nothing that a caller sends becomes SQL text, and each
// placeholder has its argument.
func TestFiltersAreArguments(t *testing.T) {
	const evil = "x' OR 1=1 --"
	c, err := where(&observev1.Filter{
		From: evil, To: evil + "/", Route: evil, Outcomes: []string{"failed"}, SlowerThan: durationpb.New(time.Second),
		Flags: []string{"UT", "uo"}, TraceId: trace, Vantages: []string{"client"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.sql, "1=1") || strings.Count(c.sql, "?") != len(c.args) || len(c.args) != 8 {
		t.Errorf("%d arguments for %s", len(c.args), c.sql)
	}
	if flags := c.args[5]; flags != uint64(1<<2|1<<7) {
		t.Errorf("flags %v, want UT and UO", flags)
	}
}

func TestOpenNeedsOneID(t *testing.T) {
	for _, req := range []*observev1.OpenRequestRequest{{}, {CallId: call, TraceId: trace}, {CallId: "no"}, {TraceId: "no"}} {
		if _, _, err := named(req); err == nil {
			t.Errorf("%v is taken", req)
		}
	}
}

func TestNotes(t *testing.T) {
	a := &observev1.OpenRequestResponse{Requests: []*observev1.RequestRow{{At: timestamppb.New(noon), RequestId: "r"}}}
	if got := notes(a); len(got) != 4 {
		t.Errorf("a row without anything beside it: %q", got)
	}
}

func TestIDs(t *testing.T) {
	if got := uuid("5C0A1F6494B64F0C9D8E0B6A3C1F2D47"); got != call {
		t.Errorf("uuid %s, want %s", got, call)
	}
	if uuid(strings.Repeat("0", 32)) != "" || id(strings.Repeat("0", 16)) != "" || id("00F067AA0BA902B7") != "00f067aa0ba902b7" {
		t.Error("zeroes are an id, or an id is written in another case")
	}
	if got, err := parseID(strings.ToUpper(call), "call id"); err != nil || got != strings.ReplaceAll(call, "-", "") {
		t.Errorf("parsed %s, error %v", got, err)
	}
}

func TestLimits(t *testing.T) {
	if checkLimits(&observev1.ObserveRequest{Last: MaxLast, MaxRate: MaxRate}) != nil {
		t.Error("the greatest values are refused")
	}
	if checkLimits(&observev1.ObserveRequest{Last: MaxLast + 1}) == nil || checkLimits(&observev1.ObserveRequest{MaxRate: MaxRate + 1}) == nil {
		t.Error("too much is taken")
	}
}

func TestErrorsOfAStream(t *testing.T) {
	for _, c := range []struct {
		err  error
		want connect.Code
	}{
		{connect.NewError(connect.CodeInvalidArgument, errors.New("x")), connect.CodeInvalidArgument},
		{context.Canceled, connect.CodeUnavailable},
		{errors.New("dial unix /secret/path"), connect.CodeUnavailable},
	} {
		got := told(c.err)
		if connect.CodeOf(got) != c.want || strings.Contains(got.Error(), "secret") {
			t.Errorf("%v becomes %v, want %s", c.err, got, c.want)
		}
	}
	if told(nil) != nil {
		t.Error("no error becomes one")
	}
}
