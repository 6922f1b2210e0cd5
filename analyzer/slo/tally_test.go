package slo

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func one(src string, client bool, good, total uint64) tally {
	return tally{src, client, []Count{{Good: good, Total: total}}}
}

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   []tally
		want Count
	}{
		{"nobody", nil, Count{}},
		{"client only", []tally{one("a", true, 9, 10)}, Count{Good: 9, Total: 10}},
		{"server only: a caller without a proxy", []tally{one("unknown/x", false, 9, 10)}, Count{Good: 9, Total: 10}},
		{"both: the caller's view, not its tries", []tally{one("a", true, 9, 10), one("a", false, 20, 30)}, Count{Good: 9, Total: 10}},
		{"each caller by itself", []tally{one("a", true, 9, 10), one("a", false, 20, 30), one("b", false, 1, 2)}, Count{Good: 10, Total: 12}},
		{"a client tally without events reports nothing", []tally{one("a", true, 0, 0), one("a", false, 1, 2)}, Count{Good: 1, Total: 2}},
		{"parts of one caller add up", []tally{one("a", true, 1, 2), one("a", true, 3, 4)}, Count{Good: 4, Total: 6}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff([]Count{tc.want}, choose(tc.in, 1)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestChooseNests: the choice is one for all windows, so a window never counts
// more than one that holds it.
func TestChooseNests(t *testing.T) {
	got := choose([]tally{
		{"a", true, []Count{{Good: 5, Total: 5}, {Good: 0, Total: 0}}}, // reported earlier, not in the short window
		{"a", false, []Count{{Good: 7, Total: 7}, {Good: 2, Total: 2}}},
	}, 2)
	if diff := cmp.Diff([]Count{{Good: 5, Total: 5}, {}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestChooseIgnoresOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var list []tally
		for range r.IntN(12) {
			list = append(list, one(string('a'+rune(r.IntN(4))), r.IntN(2) == 0, r.Uint64N(5), 5+r.Uint64N(5)))
		}
		want := choose(list, 1)
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if got := choose(slices.Clone(list), 1); !cmp.Equal(want, got) {
			t.Fatalf("order changes %v into %v", want, got)
		}
	}
}
