package record

import "testing"

func TestFlagsString(t *testing.T) {
	for want, f := range map[string]Flags{
		"-":       0,
		"LH":      FlagLH,
		"UT,URX":  FlagUT | FlagURX,
		"UF,URX":  FlagURX | FlagUF,
		"DR":      FlagDR,
		"DF,DR":   FlagDR | FlagDF,
		"?28":     1 << 28,
		"DC,?63":  FlagDC | 1<<63,
		"UAEX,DT": FlagUAEX | FlagDT,
	} {
		if got := f.String(); got != want {
			t.Errorf("Flags(%#x).String() = %q, want %q", uint64(f), got, want)
		}
	}
}

// TestFlagNumbers checks bits against the field numbers of
// envoy.data.accesslog.v3.ResponseFlags: bit n-1 is field n.
func TestFlagNumbers(t *testing.T) {
	for field, f := range map[int]Flags{
		1: FlagLH, 2: FlagUH, 3: FlagUT, 4: FlagLR, 5: FlagUR, 6: FlagUF, 7: FlagUC, 8: FlagUO, 9: FlagNR, 10: FlagDI,
		11: FlagFI, 12: FlagRL, 13: FlagUAEX, 14: FlagRLSE, 15: FlagDC, 16: FlagURX, 17: FlagSI, 18: FlagIH, 19: FlagDPE,
		20: FlagUMSDR, 21: FlagRFCF, 22: FlagNFCF, 23: FlagDT, 24: FlagUPE, 25: FlagNC, 26: FlagOM, 27: FlagDF, 28: FlagDR,
	} {
		if f != 1<<(field-1) {
			t.Errorf("field %d is %s (%#x)", field, f, uint64(f))
		}
	}
	if len(flagNames) != 28 {
		t.Errorf("%d names for 28 flags", len(flagNames))
	}
}

func TestFlagsHas(t *testing.T) {
	f := FlagUT | FlagURX
	if !f.Has(FlagUT|FlagDC) || f.Has(FlagDC) || f.Has(0) {
		t.Errorf("Has is not true exactly when a flag is shared")
	}
}
