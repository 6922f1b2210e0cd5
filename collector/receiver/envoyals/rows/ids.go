package rows

import "math"

// notHex is what hexValue has for a byte that is no hexadecimal digit.
const notHex = 0x80

// hexValue is the value of each hexadecimal digit.
var hexValue = func() (table [256]byte) {
	for c := range table {
		switch {
		case c >= '0' && c <= '9':
			table[c] = byte(c) - '0'
		case c >= 'a' && c <= 'f':
			table[c] = byte(c) - 'a' + 10
		case c >= 'A' && c <= 'F':
			table[c] = byte(c) - 'A' + 10
		default:
			table[c] = notHex
		}
	}
	return table
}()

// unhex decodes as many digits as fill dst and tells whether all were digits.
func unhex(dst []byte, digits string) bool {
	digits = digits[:2*len(dst)]
	bad := byte(0)
	for i := range dst {
		hi, lo := hexValue[digits[2*i]], hexValue[digits[2*i+1]]
		dst[i] = hi<<4 | lo
		bad |= hi | lo
	}
	return bad&notHex == 0
}

// callID reads a UUID in its text form; anything else yields zero.
func callID(text string) (id [16]byte) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id
	}
	ok := unhex(id[:4], text)
	ok = unhex(id[4:6], text[9:]) && ok
	ok = unhex(id[6:8], text[14:]) && ok
	ok = unhex(id[8:10], text[19:]) && ok
	ok = unhex(id[10:], text[24:]) && ok
	if !ok {
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
	if !unhex(trace[:], text[3:]) || !unhex(span[:], text[36:]) {
		return [16]byte{}, [8]byte{}
	}
	return trace, span
}

// taggedIDs reads the ids that Envoy's own tracer made, from tags; anything but
// 32 and 16 digits yields zeros.
func taggedIDs(traceText, spanText string) (trace [16]byte, span [8]byte) {
	if len(traceText) != 2*len(trace) || !unhex(trace[:], traceText) {
		return [16]byte{}, span
	}
	if len(spanText) != 2*len(span) || !unhex(span[:], spanText) {
		span = [8]byte{}
	}
	return trace, span
}

// attemptNumber reads x-envoy-attempt-count: 1 and up, 0 when it is missing or no
// number of Envoy's (uint32); 255 stands for that and all above.
func attemptNumber(text string) uint8 {
	if text == "" || len(text) > len("4294967295") {
		return 0
	}
	n := uint64(0)
	for i := range len(text) {
		digit := text[i] - '0'
		if digit > 9 {
			return 0
		}
		n = n*10 + uint64(digit)
	}
	if n > math.MaxUint32 {
		return 0
	}
	return uint8(min(n, math.MaxUint8))
}
