package rows

import (
	"encoding/hex"
	"strconv"
)

// callID reads a UUID in its text form; anything else yields zero.
func callID(text string) (id [16]byte) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id
	}
	var digits [32]byte
	n := copy(digits[:], text[:8])
	n += copy(digits[n:], text[9:13])
	n += copy(digits[n:], text[14:18])
	n += copy(digits[n:], text[19:23])
	copy(digits[n:], text[24:])
	if _, err := hex.Decode(id[:], digits[:]); err != nil {
		return [16]byte{}
	}
	return id
}

// traceIDs reads a traceparent header "00-<trace id>-<span id>-<flags>" (W3C
// Trace Context, section 3.2); a later version may append fields. Anything else
// yields zeros.
func traceIDs(text string) (trace [16]byte, span [8]byte) {
	if len(text) < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return trace, span
	}
	var digits [48]byte
	copy(digits[:32], text[3:35])
	copy(digits[32:], text[36:52])
	_, errTrace := hex.Decode(trace[:], digits[:32])
	_, errSpan := hex.Decode(span[:], digits[32:])
	if errTrace != nil || errSpan != nil {
		return [16]byte{}, [8]byte{}
	}
	return trace, span
}

// attemptNumber reads x-envoy-attempt-count: 1 and up, 0 when it is missing.
func attemptNumber(text string) uint8 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return uint8(min(n, 255))
}
