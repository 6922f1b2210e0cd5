package delta

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// at returns a time so many seconds after the epoch.
func at(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

// options leave room for what a test does not want to be bounded.
var options = Options{Limit: 100, Idle: time.Hour}

// step is one call of a script: an observation, or with complete the end of a
// round.
type step struct {
	key      string
	at       int
	value    float64
	start    int // 0: not known
	complete bool
	want     Change
}

func run(t *testing.T, options Options, script []step) *Tracker[string] {
	t.Helper()
	tracker := New[string](options, at(0))
	for i, s := range script {
		if s.complete {
			tracker.Complete(at(s.at))
			continue
		}
		p := Point{Value: s.value, At: at(s.at)}
		if s.start != 0 {
			p.Start = at(s.start)
		}
		if got := tracker.Observe(at(s.at), s.key, p); got != s.want {
			t.Errorf("step %d, %s = %v at %d s: %+v, want %+v", i, s.key, s.value, s.at, got, s.want)
		}
	}
	return tracker
}

const second = time.Second

func TestScripts(t *testing.T) {
	for _, test := range []struct {
		name   string
		script []step
		stats  Stats
	}{
		{"a counter grows, and a missing reading is no zero", []step{
			{key: "a", at: 10, value: 7, want: Change{Kind: First}},
			{key: "a", at: 15, value: 9, want: Change{Kind: Grown, Growth: 2, Step: 5 * second}},
			{key: "a", at: 20, value: 9, want: Change{Kind: Grown, Step: 5 * second}},
			{key: "a", at: 60, value: 19, want: Change{Kind: Grown, Growth: 10, Step: 40 * second}},
		}, Stats{Series: 1}},
		{"a smaller value begins anew", []step{
			{key: "a", at: 10, value: 7, want: Change{Kind: First}},
			{key: "a", at: 15, value: 3, want: Change{Kind: Reset, Growth: 3, Step: 5 * second}},
			{key: "a", at: 20, value: 4, want: Change{Kind: Grown, Growth: 1, Step: 5 * second}},
		}, Stats{Series: 1, Resets: 1}},
		{"a later start begins anew, though the value is larger", []step{
			{key: "a", at: 10, value: 7, start: -100, want: Change{Kind: First}},
			{key: "a", at: 15, value: 8, start: 12, want: Change{Kind: Reset, Growth: 8, Step: 5 * second}},
			{key: "a", at: 20, value: 9, start: 12, want: Change{Kind: Grown, Growth: 1, Step: 5 * second}},
			{key: "a", at: 25, value: 10, want: Change{Kind: Grown, Growth: 1, Step: 5 * second}},
		}, Stats{Series: 1, Resets: 1}},
		{"a series that began under our eyes counts from its start", []step{
			{key: "old", at: 10, value: 7, start: -1, want: Change{Kind: First}},
			{key: "new", at: 10, value: 7, start: 4, want: Change{Kind: Born, Growth: 7, Step: 6 * second}},
		}, Stats{Series: 2}},
		{"what a complete round lacks counts from zero", []step{
			{key: "a", at: 10, value: 7, want: Change{Kind: First}},
			{complete: true, at: 10},
			{key: "a", at: 15, value: 7, want: Change{Kind: Grown, Step: 5 * second}},
			{key: "b", at: 15, value: 4, want: Change{Kind: Born, Growth: 4, Step: 5 * second}},
			{complete: true, at: 15},
		}, Stats{Series: 2}},
		{"an evicted series counts from zero, though the value is larger", []step{
			{key: "a", at: 10, value: 7, want: Change{Kind: First}},
			{key: "b", at: 10, value: 1, want: Change{Kind: First}},
			{complete: true, at: 10},
			{key: "b", at: 15, value: 1, want: Change{Kind: Grown, Step: 5 * second}},
			{complete: true, at: 15},
			{key: "a", at: 20, value: 8, want: Change{Kind: Born, Growth: 8, Step: 5 * second}},
		}, Stats{Series: 2, Forgotten: 1}},
		{"a round that was not completed forgets nothing", []step{
			{key: "a", at: 10, value: 7, want: Change{Kind: First}},
			{complete: true, at: 10},
			{key: "b", at: 15, value: 1, want: Change{Kind: Born, Growth: 1, Step: 5 * second}},
			{key: "a", at: 20, value: 8, want: Change{Kind: Grown, Growth: 1, Step: 10 * second}},
		}, Stats{Series: 2}},
		{"a late point changes nothing", []step{
			{key: "a", at: 10, value: 7, want: Change{Kind: First}},
			{key: "a", at: 10, value: 9, want: Change{Kind: Late}},
			{key: "a", at: 9, value: 6, want: Change{Kind: Late}},
			{key: "a", at: 11, value: 8, want: Change{Kind: Grown, Growth: 1, Step: second}},
		}, Stats{Series: 1}},
		{"what is no count changes nothing", []step{
			{key: "a", at: 10, value: 7, want: Change{Kind: First}},
			{complete: true, at: 10},
			{key: "a", at: 15, value: math.NaN(), want: Change{Kind: Invalid}},
			{complete: true, at: 15},
			{key: "a", at: 20, value: -1, want: Change{Kind: Invalid}},
			{complete: true, at: 20},
			{key: "a", at: 25, value: math.Inf(1), want: Change{Kind: Invalid}},
			{complete: true, at: 25},
			{key: "a", at: 30, value: 8, want: Change{Kind: Grown, Growth: 1, Step: 20 * second}},
		}, Stats{Series: 1}},
		{"a series of which only nonsense was read is not new afterwards", []step{
			{key: "a", at: 10, value: math.NaN(), want: Change{Kind: Invalid}},
			{complete: true, at: 10},
			{key: "a", at: 15, value: 100, want: Change{Kind: First}},
		}, Stats{Series: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tracker := run(t, options, test.script)
			if diff := cmp.Diff(test.stats, tracker.Stats()); diff != "" {
				t.Errorf("stats (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLimit fills a tracker: known series go on, new ones are refused, and the
// refusal is not forgotten when one of them comes again.
func TestLimit(t *testing.T) {
	small := Options{Limit: 2, Idle: time.Minute}
	tracker := run(t, small, []step{
		{key: "a", at: 10, value: 1, want: Change{Kind: First}},
		{key: "b", at: 10, value: 1, want: Change{Kind: First}},
		{key: "c", at: 10, value: 50, want: Change{Kind: Full}},
		{complete: true, at: 10},
		{key: "b", at: 15, value: 2, want: Change{Kind: Grown, Growth: 1, Step: 5 * second}},
		{complete: true, at: 15}, // without a
		{key: "b", at: 20, value: 2, want: Change{Kind: Grown, Step: 5 * second}},
		{key: "c", at: 20, value: 60, want: Change{Kind: Born, Growth: 60, Step: 5 * second}},
	})
	if got, want := tracker.Stats(), (Stats{Series: 2, Forgotten: 1, Refused: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}

	run(t, small, []step{
		{key: "a", at: 10, value: 1, want: Change{Kind: First}},
		{key: "b", at: 10, value: 1, want: Change{Kind: First}},
		{key: "c", at: 10, value: 50, start: 5, want: Change{Kind: Full}},
		{complete: true, at: 10},
		{key: "a", at: 80, value: 2, want: Change{Kind: Grown, Growth: 1, Step: 70 * second}},
		{key: "c", at: 80, value: 60, start: 5, want: Change{Kind: First}}, // in the place of b, which is idle
		{key: "b", at: 81, value: 2, want: Change{Kind: Full}},
	})
}

func TestSweep(t *testing.T) {
	tracker := New[int](Options{Limit: 10, Idle: time.Minute}, at(0))
	tracker.Observe(at(1), 1, Point{Value: 5, At: at(1)})
	tracker.Observe(at(50), 2, Point{Value: 5, At: at(50)})
	tracker.Complete(at(50)) // forgets 1
	tracker.Observe(at(51), 1, Point{Value: 6, At: at(51)})
	for _, look := range []struct{ now, series int }{{60, 2}, {110, 1}, {112, 1}, {200, 0}} {
		tracker.Sweep(at(look.now))
		if got := tracker.Stats().Series; got != look.series {
			t.Errorf("%d series at %d s, want %d", got, look.now, look.series)
		}
	}
	// It was swept, not missing in a round: nobody knows when it was counted.
	if got := tracker.Observe(at(201), 1, Point{Value: 9, At: at(201)}); got != (Change{Kind: First}) {
		t.Errorf("a swept series returns as %+v", got)
	}
}

// TestSkewedPoints has points whose times are not of this world: they age by
// the caller's clock alone.
func TestSkewedPoints(t *testing.T) {
	tracker := New[string](Options{Limit: 2, Idle: time.Minute}, at(0))
	tracker.Observe(at(10), "a", Point{Value: 1, At: at(10)})
	tracker.Observe(at(11), "future", Point{Value: 1, At: at(1_000_000)})
	if got := tracker.Observe(at(12), "b", Point{Value: 1, At: at(2_000_000)}); got.Kind != Full {
		t.Errorf("a point of the future pushed a series out: %+v", got)
	}
	if got := tracker.Observe(at(13), "a", Point{Value: 2, At: at(13)}); got != (Change{Kind: Grown, Growth: 1, Step: 3 * second}) {
		t.Errorf("got %+v", got)
	}
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[Kind]string{Grown: "grown", Reset: "reset", Full: "full", 99: "unknown"} {
		if got := kind.String(); got != want {
			t.Errorf("kind %d is called %q, want %q", kind, got, want)
		}
	}
	for kind, want := range map[Kind]bool{Grown: false, Born: false, Reset: false, First: false, Invalid: true, Late: true, Full: true} {
		if got := kind.Refused(); got != want {
			t.Errorf("%v refused: %v, want %v", kind, got, want)
		}
	}
}
