package survival

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// gehan holds the remission times in weeks of the 6-MP arm of Freireich et al.
// (1963), the example of most textbooks; + marks a censored time:
// 6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+.
var gehan = []Observation{
	{6, true},
	{6, true},
	{6, true},
	{6, false},
	{7, true},
	{9, false},
	{10, true},
	{10, false},
	{11, false},
	{13, true},
	{16, true},
	{17, false},
	{19, false},
	{20, false},
	{22, true},
	{23, true},
	{25, false},
	{32, false},
	{32, false},
	{34, false},
	{35, false},
}

func TestTextbookExample(t *testing.T) {
	c := Estimate(gehan)
	type row struct{ Survival, StdErr float64 }
	// Survival and standard error as R's survfit(Surv(time, status) ~ 1) and
	// Kleinbaum and Klein (Survival Analysis, table 2.3) print them.
	want := map[uint32]row{
		5:  {1, 0},
		6:  {0.857, 0.0764},
		7:  {0.807, 0.0869},
		10: {0.753, 0.0963},
		13: {0.690, 0.1068},
		16: {0.627, 0.1141},
		22: {0.538, 0.1282},
		23: {0.448, 0.1346},
		35: {0.448, 0.1346},
	}
	got := map[uint32]row{}
	for at := range want {
		s, _, _ := c.At(at)
		got[at] = row{s, math.Sqrt(c.Variance(at))}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 0.0005)); diff != "" {
		t.Errorf("curve (-want +got):\n%s", diff)
	}
	if c.N() != 21 || c.Events() != 9 || c.Longest() != 35 {
		t.Errorf("n, events, longest = %d, %d, %d, want 21, 9, 35", c.N(), c.Events(), c.Longest())
	}
	if end := c.End(); math.Abs(end-0.193) > 0.0005 {
		t.Errorf("End() = %v, want 0.193: at 10 weeks 15 are left of the 17 that the curve stands for", end)
	}
}

func TestTextbookLimits(t *testing.T) {
	// survfit(..., conf.type = "log-log") on the same data.
	_, low, high := Estimate(gehan).At(6)
	if diff := cmp.Diff([]float64{0.620, 0.952}, []float64{low, high}, cmpopts.EquateApprox(0, 0.001)); diff != "" {
		t.Errorf("limits at 6 weeks (-want +got):\n%s", diff)
	}
	q := Estimate(gehan).Quantile(0.5)
	want := Quantile{P: 0.5, Value: 23, Reached: true, Low: 13, AtRisk: 6}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("median (-want +got):\n%s", diff)
	}
}

func TestNothingObserved(t *testing.T) {
	for name, c := range map[string]*Curve{"zero": {}, "empty": Estimate(nil)} {
		s, low, high := c.At(7)
		if s != 1 || low != 1 || high != 1 || c.End() != 0 || c.RestrictedMean(10) != 0 || c.Variance(3) != 0 {
			t.Errorf("%s curve claims something: S=%v [%v, %v] end=%v", name, s, low, high, c.End())
		}
		if q := c.Quantile(0.5); q.Reached || q.Identified || q.Bounded {
			t.Errorf("%s curve has a median: %+v", name, q)
		}
	}
}

func TestAllCut(t *testing.T) {
	c := Estimate(slices.Repeat([]Observation{{100, false}}, 500))
	if q := c.Quantile(0.5); q.Reached || q.Identified || q.Bounded {
		t.Errorf("median of tries that were all cut: %+v", q)
	}
	if got := c.RestrictedMean(1000); got != 100 {
		t.Errorf("restricted mean = %v, want 100: all lasted to the limit", got)
	}
}

func TestRestrictedMean(t *testing.T) {
	c := Estimate([]Observation{{10, true}, {20, true}, {30, true}, {40, true}})
	for limit, want := range map[uint32]float64{0: 0, 10: 10, 20: 17.5, 25: 20, 40: 25, 1000: 25} {
		if got := c.RestrictedMean(limit); math.Abs(got-want) > 1e-9 {
			t.Errorf("mean of min(duration, %d) = %v, want %v", limit, got, want)
		}
	}
}

// One stray row beyond the common cut brings the curve to zero by itself: the
// p99 then exists on paper only.
func TestStrayRowBeyondTheCut(t *testing.T) {
	var obs []Observation
	for i := range 1515 {
		obs = append(obs, Observation{uint32(20_000 + 50*i), true})
	}
	obs = append(obs, slices.Repeat([]Observation{{100_000, false}}, 135)...)
	if q := Estimate(obs).Quantile(0.99); q.Reached {
		t.Fatalf("p99 reached although the curve ends at 92 %%: %+v", q)
	}
	stray := Estimate(append(obs, Observation{194_000, true}))
	if end := stray.End(); end > 0.92 {
		t.Errorf("End() = %v, want the share before the cut", end)
	}
	q := stray.Quantile(0.99)
	if !q.Reached || q.Value != 194_000 || q.AtRisk != 1 {
		t.Fatalf("want the stray row as p99 on paper, got %+v", q)
	}
	if q.Identified {
		t.Errorf("p99 identified with one observation at risk: %+v", q)
	}
}

func TestIdentifiedNeedsAtRisk(t *testing.T) {
	// k long observations follow 900 cut ones and 100 short ones.
	sample := func(k int) *Curve {
		obs := slices.Repeat([]Observation{{50, true}}, 100)
		obs = append(obs, slices.Repeat([]Observation{{100, false}}, 900-k)...)
		return Estimate(append(obs, slices.Repeat([]Observation{{200, true}}, k)...))
	}
	if q := sample(MinAtRisk - 1).Quantile(0.95); !q.Reached || q.Identified {
		t.Errorf("29 at risk: %+v, want reached, not identified", q)
	}
	if q := sample(MinAtRisk).Quantile(0.95); !q.Identified || q.AtRisk != MinAtRisk {
		t.Errorf("30 at risk: %+v, want identified", q)
	}
}

func lognormal(r *rand.Rand, median, sigma float64) uint32 {
	return uint32(median * math.Exp(sigma*r.NormFloat64()))
}

// Without cuts the curve is the empirical distribution.
func TestNoCutsIsEmpirical(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 7, 100, 3000} {
		var obs []Observation
		var values []uint32
		for range n {
			v := lognormal(r, 400, 0.8)
			obs, values = append(obs, Observation{v, true}), append(values, v)
		}
		slices.Sort(values)
		c := Estimate(obs)
		for _, p := range []float64{0.01, 0.25, 0.5, 0.9, 0.99, 0.999} {
			rank := int(math.Ceil(p*float64(n)-tolerance)) - 1
			if q := c.Quantile(p); q.Value != values[rank] || !q.Reached || !q.Identified {
				t.Errorf("n=%d p=%v: %+v, want value %d", n, p, q, values[rank])
			}
		}
		mean := 0.0
		for _, v := range values {
			mean += float64(v) / float64(n)
		}
		if got := c.RestrictedMean(math.MaxUint32); math.Abs(got-mean) > 1e-6*mean {
			t.Errorf("n=%d: mean %v, want %v", n, got, mean)
		}
	}
}

// Every curve falls, stays within its limits, and its quantiles are ordered.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		checkCurve(t, round, randomSample(r))
	}
}

func randomSample(r *rand.Rand) []Observation {
	obs := make([]Observation, 1+r.IntN(300))
	for i := range obs {
		obs[i] = Observation{uint32(r.IntN(1 + r.IntN(2000))), r.IntN(4) > 0}
	}
	return obs
}

func checkCurve(t *testing.T, round int, obs []Observation) {
	t.Helper()
	c := Estimate(obs)
	previous := 1.0
	for at := uint32(0); at <= c.Longest()+1; at++ {
		s, low, high := c.At(at)
		if s > previous || s < 0 || low > s+tolerance || high < s-tolerance || low < 0 || high > 1 {
			t.Fatalf("round %d: S(%d) = %v in [%v, %v] after %v", round, at, s, low, high, previous)
		}
		previous = s
	}
	last := Quantile{}
	for _, p := range []float64{0.1, 0.5, 0.9, 0.99} {
		q := c.Quantile(p)
		if q.Reached && (q.Value < last.Value || q.Low > q.Value || q.Bounded && q.High < q.Value) {
			t.Fatalf("round %d: quantile %+v after %+v", round, q, last)
		}
		if last.P > 0 && !last.Reached && q.Reached {
			t.Fatalf("round %d: %v reached, %v not", round, q.P, last.P)
		}
		last = q
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		obs := randomSample(r)
		want := Estimate(obs)
		r.Shuffle(len(obs), func(i, j int) { obs[i], obs[j] = obs[j], obs[i] })
		if diff := cmp.Diff(want, Estimate(obs), cmp.AllowUnexported(Curve{}, step{})); diff != "" {
			t.Fatalf("curve changed with the order (-before +after):\n%s", diff)
		}
	}
}

// A sample cut at mixed limits gives back the quantiles of the uncut truth,
// where a uniform limit below the tail does not and says so.
func TestCensoredLognormal(t *testing.T) {
	const median, sigma, n = 36_000, 0.65, 40_000
	truth := func(normal float64) float64 { return median * math.Exp(sigma*normal) }
	sample := func(limit func(i int) uint32) *Curve {
		r := rand.New(rand.NewPCG(7, 8))
		obs := make([]Observation, n)
		for i := range obs {
			v, l := lognormal(r, median, sigma), limit(i)
			obs[i] = Observation{min(v, l), v <= l}
		}
		return Estimate(obs)
	}
	mixed := sample(func(i int) uint32 {
		if i%5 == 0 {
			return 1_000_000
		}
		return 100_000
	})
	for p, normal := range map[float64]float64{0.5: 0, 0.9: 1.2816, 0.99: 2.3263} {
		q, want := mixed.Quantile(p), truth(normal)
		if !q.Identified || !q.Bounded || math.Abs(float64(q.Value)-want) > 0.05*want {
			t.Errorf("p%v = %+v, truth %.0f", p*100, q, want)
		}
	}
	uniform := sample(func(int) uint32 { return 100_000 })
	if q := uniform.Quantile(0.99); q.Reached || q.Identified {
		t.Errorf("uniform cut at 100 ms: p99 = %+v, want not identified", q)
	}
	if q := uniform.Quantile(0.5); !q.Identified {
		t.Errorf("uniform cut at 100 ms: median = %+v, want identified", q)
	}
}

// The 95 % limits of the p99 of uncut samples cover the truth about as often
// as they say.
func TestCoverage(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	truth := 36_000 * math.Exp(0.65*2.3263)
	covered := 0
	const rounds = 300
	for range rounds {
		obs := make([]Observation, 1266)
		for i := range obs {
			obs[i] = Observation{lognormal(r, 36_000, 0.65), true}
		}
		if q := Estimate(obs).Quantile(0.99); float64(q.Low) <= truth && truth <= float64(q.High) {
			covered++
		}
	}
	if share := float64(covered) / rounds; share < 0.90 {
		t.Errorf("limits covered the truth in %.0f %% of samples, want ≥ 90 %%", 100*share)
	}
}

func FuzzEstimate(f *testing.F) {
	f.Add([]byte{1, 1, 2, 0, 2, 1, 9, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var obs []Observation
		for i := 0; i+1 < len(data) && i < 400; i += 2 {
			obs = append(obs, Observation{uint32(data[i]), data[i+1]%2 == 1})
		}
		if len(obs) > 0 {
			checkCurve(t, 0, obs)
		}
	})
}
