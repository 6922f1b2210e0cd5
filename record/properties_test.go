package record

import (
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestStoredNumbers holds the enums to the numbers that stores have on disk:
// a change here is a change of the meaning of old rows.
func TestStoredNumbers(t *testing.T) {
	for name, o := range map[string]struct{ got, want Outcome }{
		"unknown": {OutcomeUnknown, 0}, "ok": {OutcomeOK, 1}, "client_error": {OutcomeClientError, 2},
		"server_error": {OutcomeServerError, 3}, "timeout": {OutcomeTimeout, 4}, "retry_exhausted": {OutcomeRetryExhausted, 5},
		"overflow": {OutcomeOverflow, 6}, "no_healthy": {OutcomeNoHealthy, 7}, "connect_fail": {OutcomeConnectFail, 8},
		"reset_up": {OutcomeResetUp, 9}, "reset_local": {OutcomeResetLocal, 10}, "client_gone": {OutcomeClientGone, 11},
		"denied": {OutcomeDenied, 12}, "rate_limited": {OutcomeRateLimited, 13}, "fault": {OutcomeFault, 14},
		"no_route": {OutcomeNoRoute, 15}, "no_cluster": {OutcomeNoCluster, 16}, "protocol_error": {OutcomeProtocolError, 17},
		"overload": {OutcomeOverload, 18}, "dns_fail": {OutcomeDNSFail, 19},
	} {
		if o.got != o.want || o.want.String() != name {
			t.Errorf("outcome %s is number %d; number %d is %s", name, o.got, o.want, o.want)
		}
	}
	for name, v := range map[string]struct{ got, want Vantage }{
		"unknown": {VantageUnknown, 0}, "client": {VantageClient, 1}, "server": {VantageServer, 2}, "gateway": {VantageGateway, 3},
		"l4_client": {VantageL4Client, 4}, "l4_server": {VantageL4Server, 5}, "node": {VantageNode, 6},
	} {
		if v.got != v.want || v.want.String() != name {
			t.Errorf("vantage %s is number %d; number %d is %s", name, v.got, v.want, v.want)
		}
	}
}

// flagPairs yields no flag, every single one and every pair.
func flagPairs(yield func(Flags) bool) {
	if !yield(0) {
		return
	}
	for i := range flagNames {
		for j := i; j < len(flagNames); j++ {
			if !yield(1<<i | 1<<j) {
				return
			}
		}
	}
}

// cut are the flags that tell of an end even of an answered row.
func cut() (f Flags) {
	for _, c := range causes {
		f |= c.flag
	}
	return f &^ upstreamAnswerFlags
}

// TestAnsweredRowIsJudgedByItsStatus: flags that say nothing about the answer
// never change its outcome, but for the retries that ended in a 5xx.
func TestAnsweredRowIsJudgedByItsStatus(t *testing.T) {
	for f := range flagPairs {
		for _, code := range []uint16{200, 204, 302, 404, 429, 500, 503, 504} {
			got, bare := Classify(code, -1, f, ViaUpstream), Classify(code, -1, 0, ViaUpstream)
			switch {
			case f.Has(cut()):
				if !got.Failed() {
					t.Errorf("%d %s: a cut answer is %s", code, f, got)
				}
			case code >= 500 && f.Has(FlagURX):
				if got != OutcomeRetryExhausted {
					t.Errorf("%d %s is %s, want retry_exhausted", code, f, got)
				}
			case got != bare:
				t.Errorf("%d %s is %s, without flags %s", code, f, got, bare)
			}
		}
	}
}

// TestPairIsOneOfItsFlags: a second flag chooses between two outcomes and
// never makes a third.
func TestPairIsOneOfItsFlags(t *testing.T) {
	for f := range flagPairs {
		first := f & -f
		a, b := Classify(503, -1, first, ""), Classify(503, -1, f&^first, "")
		if got := Classify(503, -1, f, ""); got != a && got != b {
			t.Errorf("%s is %s, alone they are %s and %s", f, got, a, b)
		}
	}
}

// TestFlagsRoundTrip reads back what String wrote.
func TestFlagsRoundTrip(t *testing.T) {
	numbers := map[string]Flags{}
	for i, name := range flagNames {
		numbers[name] = 1 << i
	}
	if len(numbers) != len(flagNames) {
		t.Fatal("two flags share a name")
	}
	for f := range flagPairs {
		var back Flags
		for name := range strings.SplitSeq(f.String(), ",") {
			back |= numbers[name]
		}
		if back != f {
			t.Errorf("%#x is written %s, which reads as %#x", uint64(f), f, uint64(back))
		}
	}
}

// TestBinOrder: over random durations of every magnitude and around every
// decade, a longer one never lies in a lower bin, and a bin's bounds are met
// by those of its neighbour.
func TestBinOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a := rng.Uint32() >> rng.IntN(32)
		b := rng.Uint32() >> rng.IntN(32)
		if a > b {
			a, b = b, a
		}
		if BinOf(a) > BinOf(b) {
			t.Fatalf("%d µs is in bin %d, %d µs in bin %d", a, BinOf(a), b, BinOf(b))
		}
		checkBin(t, a)
	}
	for decade := uint64(1); bits.Len64(decade) <= 32; decade *= 10 {
		us := uint32(decade)
		for _, v := range []uint32{us - 1, us, us + 1} {
			checkBin(t, v)
		}
		if BinOf(us-1) > BinOf(us) || BinOf(us) > BinOf(us+1) {
			t.Errorf("bins around %d µs are not in order", us)
		}
	}
}

// TestClampTimeProperties: the result lies in the window, time and skew add up
// to what came in, and clamping twice changes nothing.
func TestClampTimeProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	received := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for range 5_000 {
		end := received.Add(time.Duration(rng.Int64N(int64(4*time.Hour))) - 3*time.Hour)
		got, skew := ClampTime(end, received)
		if age := received.Sub(got); age > MaxAge || age < -MaxAhead {
			t.Fatalf("%v became %v, outside the window", end, got)
		}
		if !got.Add(skew).Equal(end) {
			t.Fatalf("%v became %v and %v", end, got, skew)
		}
		if again, rest := ClampTime(got, received); rest != 0 || !again.Equal(got) {
			t.Fatalf("clamping %v again moved it by %v", got, rest)
		}
	}
}
