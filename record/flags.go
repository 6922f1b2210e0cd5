package record

import (
	"math/bits"
	"strings"
)

// Flags is the set of Envoy response flags of a row. Bit n-1 stands for field
// n of envoy.data.accesslog.v3.ResponseFlags, so a decoder sets a bit from the
// field number alone.
type Flags uint64

// The flags, named by Envoy's short codes (envoy docs, %RESPONSE_FLAGS%).
const (
	FlagLH    Flags = 1 << iota // failed local health check
	FlagUH                      // no healthy upstream
	FlagUT                      // upstream request timeout
	FlagLR                      // local reset
	FlagUR                      // upstream remote reset
	FlagUF                      // upstream connection failure
	FlagUC                      // upstream connection termination
	FlagUO                      // upstream overflow
	FlagNR                      // no route
	FlagDI                      // delay injected
	FlagFI                      // fault injected
	FlagRL                      // rate limited
	FlagUAEX                    // denied by external authorization
	FlagRLSE                    // rate limit service error
	FlagDC                      // downstream connection termination
	FlagURX                     // retry limit exceeded
	FlagSI                      // stream idle timeout
	FlagIH                      // invalid Envoy request headers
	FlagDPE                     // downstream protocol error
	FlagUMSDR                   // upstream max stream duration reached
	FlagRFCF                    // response from cache
	FlagNFCF                    // no filter config found
	FlagDT                      // duration timeout
	FlagUPE                     // upstream protocol error
	FlagNC                      // no cluster
	FlagOM                      // overload manager
	FlagDF                      // DNS resolution failure
	FlagDR                      // downstream remote reset
)

var flagNames = [...]string{
	"LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "RL", "UAEX", "RLSE", "DC", "URX", "SI",
	"IH", "DPE", "UMSDR", "RFCF", "NFCF", "DT", "UPE", "NC", "OM", "DF", "DR",
}

// Has tells whether any of the given flags is set.
func (f Flags) Has(any Flags) bool { return f&any != 0 }

// String returns the short codes joined by commas, "-" for none: the form of
// Envoy's own text log. A bit without a name is written as "?" and its number.
func (f Flags) String() string {
	if f == 0 {
		return "-"
	}
	var names []string
	for rest := uint64(f); rest != 0; rest &= rest - 1 {
		names = append(names, flagName(bits.TrailingZeros64(rest)))
	}
	return strings.Join(names, ",")
}

func flagName(bit int) string {
	if bit < len(flagNames) {
		return flagNames[bit]
	}
	return "?" + string(rune('0'+bit/10)) + string(rune('0'+bit%10))
}
