package budget

import "testing"

func TestComposite(t *testing.T) {
	half := Part{Count{995, 1000}, 0.01, 1} // burn rate 0.5
	twice := Part{Count{98, 100}, 0.01, 1}  // burn rate 2
	idle := Part{Count{}, 0.001, 5}
	heavy := Part{Count{98, 100}, 0.01, 3}
	for _, tc := range []struct {
		name  string
		parts []Part
		rate  float64
		ok    bool
	}{
		{"one part is itself", []Part{half}, 0.5, true},
		{"burn rates add", []Part{half, twice}, 2.5, true},
		{"by weight", []Part{half, heavy}, 6.5, true},
		{"idle parts add nothing", []Part{half, idle}, 0.5, true},
		{"nothing is undefined", []Part{idle}, 0, false},
		{"no parts", nil, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rate, ok := CompositeRate(tc.parts)
			near(t, "rate", rate, tc.rate, 1e-12)
			left, defined := CompositeRemaining(tc.parts)
			if ok != tc.ok || defined != tc.ok {
				t.Errorf("defined: %v and %v, want %v", ok, defined, tc.ok)
			}
			near(t, "R + BR", left+rate, 1, 1e-12)
			c, beta := CompositeCount(tc.parts)
			got, ok := c.BurnRate(beta)
			if ok != tc.ok {
				t.Errorf("the count is defined: %v", ok)
			}
			near(t, "rate of the count", got, tc.rate, 1e-5)
		})
	}
}

// TestCompositeOfRatios: OpenSLO's example, 95 % and 95 % make 90 %.
func TestCompositeOfRatios(t *testing.T) {
	sli, ok := CompositeRatio([]Part{{Count{95, 100}, 0.1, 1}, {Count{19, 20}, 0.1, 1}, {Count{}, 0.1, 1}})
	if !ok {
		t.Fatal("undefined")
	}
	near(t, "sli", sli, 0.9, 1e-12)
	if _, ok := CompositeRatio(nil); ok {
		t.Error("nothing has an SLI")
	}
}

// TestCompositeSlice: one bad part makes a slice bad.
func TestCompositeSlice(t *testing.T) {
	for _, tc := range []struct {
		parts []Count
		want  Count
	}{
		{[]Count{{1, 1}, {1, 1}}, Count{1, 1}},
		{[]Count{{1, 1}, {0, 1}}, Count{0, 1}},
		{[]Count{{}, {1, 1}}, Count{1, 1}},
		{[]Count{{}, {0, 1}}, Count{0, 1}},
		{[]Count{{}, {}}, Count{}},
	} {
		if got := CompositeSlice(tc.parts); got != tc.want {
			t.Errorf("slice of %v = %v, want %v", tc.parts, got, tc.want)
		}
	}
}

// TestCompositeCountKeepsItsPromise: even with every part down at once no more
// is bad than there is.
func TestCompositeCountKeepsItsPromise(t *testing.T) {
	c, beta := CompositeCount([]Part{{Count{0, 10}, 0.1, 2}, {Count{0, 5}, 0.001, 1}})
	if c.Good != 0 || c.Total != Scale {
		t.Errorf("count = %v", c)
	}
	rate, _ := c.BurnRate(beta)
	near(t, "rate", rate, 2*10+1000, 1e-6)
}
