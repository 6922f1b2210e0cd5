package verdict

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name string
		try  Try
		want kind
	}{
		{"answer", Try{Code: 200, Outcome: record.OutcomeOK}, kindAnswered},
		{"not found is an answer", Try{Code: 404, Outcome: record.OutcomeClientError}, kindAnswered},
		{"500 is an answer", Try{Code: 500, Outcome: record.OutcomeServerError}, kindAnswered},
		{"gRPC status DEADLINE_EXCEEDED is an answer", Try{Code: 200, Outcome: record.OutcomeTimeout}, kindAnswered},
		{"per-try timeout", Try{Outcome: record.OutcomeTimeout, Flags: record.FlagUT}, kindCut},
		{"stream idle timeout after the headers", Try{Code: 200, Outcome: record.OutcomeTimeout, Flags: record.FlagSI}, kindCut},
		{"full queue", Try{Code: 503, Outcome: record.OutcomeServerError}, kindRejected},
		{"full queue, retries used up", Try{Code: 503, Outcome: record.OutcomeRetryExhausted, Flags: record.FlagURX}, kindRejected},
		{"own breaker", Try{Code: 503, Outcome: record.OutcomeOverflow, Flags: record.FlagUO}, kindUnsent},
		{"connect failure", Try{Code: 503, Outcome: record.OutcomeConnectFail, Flags: record.FlagUF}, kindUnsent},
		{"no host", Try{Code: 503, Outcome: record.OutcomeNoHealthy}, kindUnsent},
		{"caller left", Try{Outcome: record.OutcomeClientGone}, kindLost},
		{"server reset", Try{Outcome: record.OutcomeResetUp, Flags: record.FlagUC}, kindLost},
		{"nothing known", Try{}, kindLost},
		{"injected fault", Try{Code: 503, Outcome: record.OutcomeFault, Flags: record.FlagFI}, kindInjected},
		{"injected delay", Try{Code: 200, Outcome: record.OutcomeOK, Flags: record.FlagDI}, kindInjected},
	} {
		if got := classify(c.try); got != c.want {
			t.Errorf("%s: kind %d, want %d", c.name, got, c.want)
		}
	}
}

func cutTry(us uint32) Try {
	return Try{End: epoch, Duration: us, Outcome: record.OutcomeTimeout, Flags: record.FlagUT}
}

func TestCutLimit(t *testing.T) {
	at := func(us ...uint32) (tries []Try) {
		for _, u := range us {
			tries = append(tries, cutTry(u))
		}
		return tries
	}
	spread := at(10_000, 50_000, 90_000, 130_000, 200_000)
	for _, c := range []struct {
		name   string
		tries  []Try
		perTry time.Duration
		want   time.Duration
	}{
		{"none cut", []Try{{Code: 200, Outcome: record.OutcomeOK}}, 100 * time.Millisecond, 0},
		{"at the limit in force", at(99_200, 100_400, 101_000, 140_000), 100 * time.Millisecond, 100 * time.Millisecond},
		{"at an older limit", at(100_100, 100_200, 100_400, 101_000), 400 * time.Millisecond, 100 * time.Millisecond},
		{"limit not known", at(100_100, 100_200, 100_400, 101_000), 0, 100 * time.Millisecond},
		{"at no one limit", spread, 400 * time.Millisecond, 0},
		{"below a millisecond", at(3, 3, 3), 0, time.Microsecond},
	} {
		if got := cutLimit(c.tries, c.perTry); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestObserve(t *testing.T) {
	limit := 100 * time.Millisecond
	ok := func(us, first uint32) Try {
		return Try{Code: 200, Outcome: record.OutcomeOK, Duration: us, FirstByte: first}
	}
	for _, c := range []struct {
		name   string
		try    Try
		micros uint32
		event  bool
		used   bool
	}{
		{"first byte counts, not the body", ok(80_000, 42_000), 42_000, true, true},
		{"no first byte time", ok(80_000, 0), 80_000, true, true},
		{"cut early by the timer", cutTry(99_100), 100_000, false, true},
		{"cut late by the timer", cutTry(130_000), 100_000, false, true},
		{"cut by the route timeout", cutTry(40_000), 40_000, false, true},
		{"answer that beat the timer", ok(101_000, 100_700), 100_000, false, true},
		{"answer of a longer limit", ok(190_000, 180_000), 180_000, true, true},
		{"broken off", Try{Outcome: record.OutcomeResetUp, Duration: 7_000}, 7_000, false, true},
		{"rejected", Try{Code: 503, Outcome: record.OutcomeServerError, Duration: 300}, 0, false, false},
	} {
		o, used := observe(c.try, limit)
		if o.Micros != c.micros || o.Event != c.event || used != c.used {
			t.Errorf("%s: %+v %v, want %d %v %v", c.name, o, used, c.micros, c.event, c.used)
		}
	}
}

func TestTally(t *testing.T) {
	try := func(call uint64, second int, outcome record.Outcome) Try {
		return Try{Call: call, End: epoch.Add(time.Duration(second) * time.Second), Outcome: outcome, Code: 200}
	}
	numbered := try(0, 9, record.OutcomeOK)
	numbered.Number = 2
	got := tallyOf(sortTries([]Try{
		try(1, 3, record.OutcomeOK), // rescued the two before
		try(1, 1, record.OutcomeServerError),
		try(1, 2, record.OutcomeServerError),
		try(2, 1, record.OutcomeOK),
		try(0, 1, record.OutcomeOK), // without a call id, no two belong together
		try(0, 2, record.OutcomeServerError),
		numbered,
		try(1, 4, record.OutcomeFault), // injected
	}))
	want := tally{tries: 7, good: 4, retries: 3, rescued: 2}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tally{}), cmpopts.IgnoreFields(tally{}, "kinds")); diff != "" {
		t.Errorf("tally (-want +got):\n%s", diff)
	}
	if (tally{}).rescue() != 0 || (tally{}).success() != 0 {
		t.Error("shares of nothing")
	}
}

func tryOver(start, end time.Duration) Try {
	return Try{End: epoch.Add(end), Duration: uint32((end - start).Microseconds()), Code: 200, Outcome: record.OutcomeOK}
}

func TestSweep(t *testing.T) {
	s := time.Second
	r := Rows{From: epoch, To: epoch.Add(12 * s), Tries: []Try{
		tryOver(-1*s, 2*s), // started before the window
		tryOver(1*s, 3*s),
		tryOver(3*s, 4*s), // starts when the one before ends: never two at a time
		tryOver(9*s, 11*s),
		{End: epoch.Add(5 * s), Duration: 5_000_000, Outcome: record.OutcomeOverflow}, // never sent
	}}
	got := sweep(r)
	// The last three seconds, as long as the longest try, are left out.
	want := inFlight{levels: []time.Duration{5 * s, 3 * s, 1 * s}, total: 9 * s}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(inFlight{})); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
	for p, level := range map[float64]int{0.5: 0, 0.6: 1, 0.85: 1, 0.95: 2, 1: 2} {
		if got := got.quantile(p); got != level {
			t.Errorf("quantile(%v) = %d, want %d", p, got, level)
		}
	}
	if (inFlight{}).quantile(0.999) != 0 || sweep(Rows{From: epoch, To: epoch}).total != 0 {
		t.Error("sweep of nothing")
	}
}

// The sweep agrees with looking at every millisecond.
func TestSweepAgainstSampling(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	rows := Rows{From: epoch, To: epoch.Add(2 * time.Second)}
	for range 300 {
		start := time.Duration(r.IntN(2000)) * time.Millisecond
		rows.Tries = append(rows.Tries, tryOver(start, start+time.Duration(1+r.IntN(100))*time.Millisecond))
	}
	got := sweep(rows)
	want := make([]time.Duration, len(got.levels))
	for at := epoch; at.Before(epoch.Add(got.total)); at = at.Add(time.Millisecond) {
		level := 0
		for _, t := range rows.Tries {
			level += one(!t.start().After(at) && t.End.After(at))
		}
		want[level] += time.Millisecond
	}
	if diff := cmp.Diff(want, got.levels); diff != "" {
		t.Errorf("levels (-sampled +swept):\n%s", diff)
	}
}

func TestCapacity(t *testing.T) {
	// seconds holds accepted and rejected tries of each second.
	rows := func(seconds ...[2]int) Rows {
		r := Rows{From: epoch, To: epoch.Add(time.Duration(len(seconds)) * time.Second)}
		for i, n := range seconds {
			at := epoch.Add(time.Duration(i)*time.Second + 100*time.Millisecond)
			for range n[0] {
				r.Tries = append(r.Tries, Try{End: at, Code: 200, Outcome: record.OutcomeOK})
			}
			for range n[1] {
				r.Tries = append(r.Tries, Try{End: at, Code: 503, Outcome: record.OutcomeServerError})
			}
		}
		return r
	}
	calm, slow, fast := [2]int{100, 0}, [2]int{75, 200}, [2]int{210, 150}
	for _, c := range []struct {
		name string
		rows Rows
		want capacity
	}{
		{"never full", rows(calm, calm, calm, calm), capacity{}},
		{"nothing", rows(), capacity{}},
		{"too short", rows(calm, slow, slow, slow, slow, calm), capacity{}},
		{"one pace", rows(calm, [2]int{180, 20}, slow, slow, slow, [2]int{90, 10}, calm), capacity{3, 75, 75}},
		{"two paces", rows(slow, slow, slow, slow, fast, fast, fast, fast), capacity{6, 75, 210}},
		{"apart", rows(slow, slow, slow, slow, slow, calm, fast, fast, fast, fast, fast), capacity{6, 75, 210}},
		{"down", rows([2]int{0, 100}, [2]int{0, 100}, [2]int{0, 100}, [2]int{0, 100}, [2]int{0, 100}), capacity{}},
		{"few rejections", rows([2]int{200, 3}, [2]int{200, 3}, [2]int{200, 3}, [2]int{200, 3}, [2]int{200, 3}), capacity{}},
	} {
		if diff := cmp.Diff(c.want, capacityOf(c.rows), cmp.AllowUnexported(capacity{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestCeiling(t *testing.T) {
	for _, c := range []struct {
		timeout        time.Duration
		retries        uint32
		written, exact time.Duration
	}{
		{0, 1, 0, 0},
		{900 * time.Millisecond, 0, 900 * time.Millisecond, 900 * time.Millisecond},
		{900 * time.Millisecond, 1, 400 * time.Millisecond, 437500 * time.Microsecond},
		{900 * time.Millisecond, 2, 250 * time.Millisecond, 266666666},
		{100 * time.Millisecond, 1, 30 * time.Millisecond, 37500 * time.Microsecond},
		{20 * time.Millisecond, 3, time.Millisecond, time.Millisecond},
	} {
		j := &judgement{plan: planned{timeout: c.timeout, retries: c.retries}}
		if written, exact := j.ceiling(); written != c.written || exact != c.exact {
			t.Errorf("%v with %d retries: %v, %v, want %v, %v", c.timeout, c.retries, written, exact, c.written, c.exact)
		}
	}
}

func TestPolicyOf(t *testing.T) {
	none, huge := uint32(0), uint32(1<<32-1)
	for _, c := range []struct {
		name string
		in   *meshv1.TrafficPolicy
		want policy
	}{
		{"unknown", nil, policy{}},
		{"no limits", &meshv1.TrafficPolicy{}, policy{known: true}},
		{"unlimited breaker", &meshv1.TrafficPolicy{MaxRequests: &huge, Retries: &none}, policy{known: true}},
		{"negative time", &meshv1.TrafficPolicy{Timeout: durationpb.New(-time.Second)}, policy{known: true}},
	} {
		if diff := cmp.Diff(c.want, policyOf(c.in), cmp.AllowUnexported(policy{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestPhrases(t *testing.T) {
	for got, want := range map[string]string{
		count(0):                             "0",
		count(999):                           "999",
		count(1650):                          "1,650",
		count(uint64(1234567)):               "1,234,567",
		percent(0.0818):                      "8.2 %",
		percent(1):                           "100 %",
		span(162 * time.Millisecond):         "162 ms",
		span(437500 * time.Microsecond):      "438 ms",
		span(1500 * time.Millisecond):        "1.5 s",
		span(42*time.Millisecond + 650*1000): "42.7 ms",
		limitText(0):                         "off",
		limitText(400 * time.Millisecond):    "400ms",
		limitText(1500 * time.Millisecond):   "1.5s",
		budgetText(0):                        "none",
		budgetText(20):                       "20%",
		requestsText(0):                      "unlimited",
		requestsText(20):                     "20",
		planned{}.triesText():                "1 try",
		planned{retries: 1}.triesText():      "2 tries",
		(policy{}).from("3"):                 "unknown",
		(policy{known: true}).from("3"):      "3",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := rounded(0.000585365); got != 0.0005854 {
		t.Errorf("rounded = %v", got)
	}
}
