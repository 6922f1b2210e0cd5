package record

import "testing"

// TestNames holds the stored enums to what they need: names that are unique,
// and a number without a name reads as unknown.
func TestNames(t *testing.T) {
	for enum, tc := range map[string]struct {
		names []string
		text  func(uint8) string
		last  uint8
	}{
		"outcome":      {OutcomeNames(), func(n uint8) string { return Outcome(n).String() }, uint8(OutcomeDNSFail)},
		"vantage":      {VantageNames(), func(n uint8) string { return Vantage(n).String() }, uint8(VantageNode)},
		"mtls":         {MTLSNames(), func(n uint8) string { return MTLS(n).String() }, uint8(MTLSMutual)},
		"span kind":    {SpanKindNames(), func(n uint8) string { return SpanKind(n).String() }, uint8(SpanConsumer)},
		"span status":  {SpanStatusNames(), func(n uint8) string { return SpanStatus(n).String() }, uint8(StatusError)},
		"latency kind": {LatencyKindNames(), func(n uint8) string { return LatencyKind(n).String() }, uint8(LatencyResponseOnly)},
		"stat scope":   {StatScopeNames(), func(n uint8) string { return StatScope(n).String() }, uint8(ScopeProcess)},
		"stat kind":    {StatKindNames(), func(n uint8) string { return StatKind(n).String() }, uint8(StatGauge)},
		"source":       {IDSourceNames(), func(n uint8) string { return IDSource(n).String() }, uint8(IDReporter)},
	} {
		t.Run(enum, func(t *testing.T) {
			seen := map[string]bool{}
			for n, name := range tc.names {
				if seen[name] || name == "" || tc.text(uint8(n)) != name {
					t.Errorf("number %d is named %q, String gives %q", n, name, tc.text(uint8(n)))
				}
				seen[name] = true
			}
			if len(tc.names) != int(tc.last)+1 || tc.text(tc.last+1) != "unknown" {
				t.Errorf("%d names, the last number is %d and the next reads %q", len(tc.names), tc.last, tc.text(tc.last+1))
			}
		})
	}
}

func TestNamesAreCopies(t *testing.T) {
	OutcomeNames()[1] = "changed"
	if OutcomeOK.String() != "ok" {
		t.Error("a caller can change the names")
	}
}

func TestNodeIDs(t *testing.T) {
	for want, got := range map[string]string{
		"shop/local/default/cart":  WorkloadID("shop", "local", "default", "cart"),
		"shop/local/default/~cart": ServiceID("shop", "local", "default", "cart"),
		"unknown/default":          UnknownID("default"),
		"external/api.example.com": ExternalID("api.example.com"),
	} {
		if got != want {
			t.Errorf("id = %q, want %q", got, want)
		}
	}
}
