package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

// TestWilson has the values of R's binom.confint(method="wilson").
func TestWilson(t *testing.T) {
	for _, tc := range []struct {
		k, n      uint64
		low, high float64
	}{
		{10, 10, 0.7224672, 1},
		{0, 10, 0, 0.2775328},
		{9, 10, 0.5958500, 0.9821238},
		{95, 100, 0.8882495, 0.9784563},
	} {
		low, high, _ := Wilson(tc.k, tc.n)
		near(t, "low", low, tc.low, 1e-6)
		near(t, "high", high, tc.high, 1e-6)
	}
}

// TestBetaCDF has closed forms: I_x(1, b) = 1 − (1−x)^b, I_x(a, 1) = x^a, the
// arcsine law I_x(½, ½) = (2/π) asin √x, and the binomial tail for whole a, b.
func TestBetaCDF(t *testing.T) {
	for _, x := range []float64{0.001, 0.1, 0.3, 0.5, 0.9, 0.999} {
		near(t, "I(1, 7)", BetaCDF(x, 1, 7), 1-math.Pow(1-x, 7), 1e-12)
		near(t, "I(5, 1)", BetaCDF(x, 5, 1), math.Pow(x, 5), 1e-12)
		near(t, "I(½, ½)", BetaCDF(x, 0.5, 0.5), 2/math.Pi*math.Asin(math.Sqrt(x)), 1e-12)
		near(t, "I(3, 5)", BetaCDF(x, 3, 5), tail(x, 3, 7), 1e-12)
	}
	if BetaCDF(0, 2, 3) != 0 || BetaCDF(1, 2, 3) != 1 || BetaCDF(-1, 2, 3) != 0 || BetaCDF(2, 2, 3) != 1 {
		t.Error("outside of (0, 1) the function is not 0 or 1")
	}
}

// tail is the probability of at least k successes in n at p.
func tail(p float64, k, n int) (sum float64) {
	for i := k; i <= n; i++ {
		c := 1.0
		for j := range i {
			c = c * float64(n-j) / float64(j+1)
		}
		sum += c * math.Pow(p, float64(i)) * math.Pow(1-p, float64(n-i))
	}
	return sum
}

// TestJeffreys has the quantiles of Beta(k+½, n−k+½) as numeric integration of
// its density gives them.
func TestJeffreys(t *testing.T) {
	for _, tc := range []struct {
		k, n      uint64
		low, high float64
	}{
		{0, 10, 0, 0.2171963},
		{10, 10, 0.7828037, 1},
		{1, 10, 0.0110117, 0.3813148},
		{5, 100, 0.0193318, 0.1061001},
	} {
		low, high, ok := Jeffreys(tc.k, tc.n, 0.95)
		if !ok {
			t.Fatal("no interval")
		}
		near(t, "low", low, tc.low, 1e-6)
		near(t, "high", high, tc.high, 1e-6)
	}
	if _, _, ok := Jeffreys(0, 0, 0.95); ok {
		t.Error("an interval of nothing")
	}
	if _, _, ok := Wilson(0, 0); ok {
		t.Error("an interval of nothing")
	}
}

// TestAbove has how many failures in n it takes until an error ratio above
// 1.44 % is 95 % probable: what a page at 99.9 % over 30 days waits for.
func TestAbove(t *testing.T) {
	for n, want := range map[uint64]uint64{10: 1, 20: 2, 60: 3, 100: 4, 300: 8, 1000: 21} {
		k := uint64(0)
		for Above(0.0144, k, n) < 0.95 {
			k++
		}
		if k != want {
			t.Errorf("of %d requests %d must fail, want %d", n, k, want)
		}
	}
}

// TestProperties draws counts: quantile and distribution are inverse, the
// probabilities are monotonic, and an interval holds the ratio.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		n := 1 + r.Uint64N(1<<(1+r.UintN(24)))
		k := r.Uint64N(n + 1)
		p := r.Float64()
		a, b := float64(k)+0.5, float64(n-k)+0.5
		if x := BetaQuantile(p, a, b); x > 1e-12 && x < 1-1e-12 {
			near(t, "CDF of the quantile", BetaCDF(x, a, b), p, 1e-6)
		}
		if Above(p, k, n) < Above(min(1, p+0.01), k, n)-1e-12 {
			t.Fatalf("that more than %v of it fails is less probable than more than %v; k=%d n=%d", p, p+0.01, k, n)
		}
		if k < n && Above(p, k+1, n) < Above(p, k, n)-1e-9 {
			t.Fatalf("one more failure makes more than %v less probable; k=%d n=%d", p, k, n)
		}
		ratio := float64(k) / float64(n)
		for _, interval := range []func(uint64, uint64) (float64, float64, bool){
			Wilson, func(k, n uint64) (float64, float64, bool) { return Jeffreys(k, n, 0.95) },
		} {
			if low, high, _ := interval(k, n); !(0 <= low && low <= ratio && ratio <= high && high <= 1) {
				t.Fatalf("[%v, %v] does not hold %d of %d", low, high, k, n)
			}
		}
	}
}

// TestLargeCounts: a busy service has billions of requests in a period.
func TestLargeCounts(t *testing.T) {
	low, high, _ := Jeffreys(1_000_000, 1_000_000_000, 0.95)
	sd := math.Sqrt(0.001 * 0.999 / 1e9)
	near(t, "low", low, 0.001-1.96*sd, 1e-8)
	near(t, "high", high, 0.001+1.96*sd, 1e-8)
}
