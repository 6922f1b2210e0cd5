package ingest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/google/go-cmp/cmp"
)

// readLowCard has ch-go read what a lowCard wrote.
func readLowCard(t *testing.T, c *lowCard) []string {
	t.Helper()
	var b proto.Buffer
	c.EncodeState(&b)
	c.EncodeColumn(&b)
	got := new(proto.ColStr).LowCardinality()
	r := b.Reader()
	if err := got.DecodeState(r); err != nil {
		t.Fatal(err)
	}
	if err := got.DecodeColumn(r, c.Rows()); err != nil {
		t.Fatal(err)
	}
	return got.Values
}

func TestLowCardRoundTrip(t *testing.T) {
	var c lowCard
	rng := rand.New(rand.NewPCG(1, 2))
	for _, distinct := range []int{1, 2, 255, 256, 257, 1000, 1 << 16, 1<<16 + 1} {
		t.Run(fmt.Sprint(distinct), func(t *testing.T) {
			c.Reset()
			var want []string
			for i := range distinct + 1000 {
				n := i // first every value once, then any of them
				if i >= distinct {
					n = rng.IntN(distinct)
				}
				want = append(want, fmt.Sprintf("v%d", n))
				c.append(want[i])
			}
			if diff := cmp.Diff(want, readLowCard(t, &c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLowCardDictionaryIsOfTheBlock(t *testing.T) {
	var c lowCard
	for _, s := range []string{"a", "b", "a"} {
		c.append(s)
	}
	c.Reset()
	for _, s := range []string{"b", "", "b"} {
		c.append(s)
	}
	if got := readLowCard(t, &c); !cmp.Equal(got, []string{"b", "", "b"}) {
		t.Errorf("second block = %q", got)
	}
	if len(c.dict) != 2 {
		t.Errorf("the dictionary has %d strings, the block 2", len(c.dict))
	}
}

// TestLowCardCopies changes the buffer that a string was borrowed from.
func TestLowCardCopies(t *testing.T) {
	var c lowCard
	buffer := []byte("first")
	c.append(borrow(buffer))
	copy(buffer, "other")
	c.append(borrow(buffer))
	if got := readLowCard(t, &c); !cmp.Equal(got, []string{"first", "other"}) {
		t.Errorf("column = %q", got)
	}
}

func TestLowCardForgets(t *testing.T) {
	var c lowCard
	for i := range maxInterned + 1 {
		c.append(fmt.Sprint(i))
	}
	c.Reset()
	if len(c.slots) != 0 || len(c.known) != 0 {
		t.Errorf("%d strings are kept past the limit", len(c.slots))
	}
	c.append("x")
	if got := readLowCard(t, &c); !cmp.Equal(got, []string{"x"}) {
		t.Errorf("column = %q", got)
	}
}

func TestLowCardEmpty(t *testing.T) {
	var c lowCard
	if got := readLowCard(t, &c); len(got) != 0 {
		t.Errorf("column = %q", got)
	}
}

func FuzzLowCard(f *testing.F) {
	f.Add("a", "b", "a")
	f.Add("", "\x00", "")
	f.Fuzz(func(t *testing.T, x, y, z string) {
		var c lowCard
		for range 2 {
			c.Reset()
			for _, s := range []string{x, y, z} {
				c.append(s)
			}
			if diff := cmp.Diff([]string{x, y, z}, readLowCard(t, &c)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

// TestLowCardPlacesAreShared: more strings than places, in an order that has
// each push another out.
func TestLowCardPlacesAreShared(t *testing.T) {
	var c lowCard
	var want []string
	for i := range 20 * recentSlots {
		want = append(want, fmt.Sprint("name", i%(2*recentSlots)), "same")
	}
	for _, s := range want {
		c.append(s)
	}
	if diff := cmp.Diff(want, readLowCard(t, &c)); diff != "" {
		t.Error(diff)
	}
	if len(c.dict) != 2*recentSlots+1 {
		t.Errorf("%d strings in the dictionary, want each once", len(c.dict))
	}
}
