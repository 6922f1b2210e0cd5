package ingest

import "encoding/binary"

// A request id is as random as the other ids and takes as much of the disk, so
// it is stored where it adds something: not where it is the text form of the
// call id, and not beside better keys (docs/decisions/2026-11-24-request-ids.md).

// requestIDOf returns the request id to be stored with a request: none where the
// call id joins its rows and the trace id finds it.
func requestIDOf(id string, call, trace *[16]byte) string {
	if *call != zeroID && *trace != zeroID || isText(id, call) {
		return ""
	}
	return id
}

// attemptIDOf returns the one to be stored with a try: none where the call id
// leads to its request.
func attemptIDOf(id string, call *[16]byte) string {
	if *call != zeroID {
		return ""
	}
	return id
}

// spanIDOf returns the one to be stored with a span, which tells a trace's spans
// of one request from those of another.
func spanIDOf(id string, call *[16]byte) string {
	if isText(id, call) {
		return ""
	}
	return id
}

var zeroID [16]byte

// isText tells whether a text is the RFC 9562 form of 16 bytes, in lower case.
func isText(s string, id *[16]byte) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	return load64(s) == hexDigits(id[0:]) &&
		load32(s[9:])|load32(s[14:])<<32 == hexDigits(id[4:]) &&
		load32(s[19:])|load32(s[24:])<<32 == hexDigits(id[8:]) &&
		load64(s[28:]) == hexDigits(id[12:])
}

// hexDigits returns the eight digits of four bytes, the first digit in the
// lowest byte, without a branch or a table.
func hexDigits(b []byte) uint64 {
	const ones = 0x0101010101010101
	x := uint64(binary.LittleEndian.Uint32(b))
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = x>>4&0x000f000f000f000f | x<<8&0x0f000f000f000f00 // a digit in each byte
	letters := (x + 6*ones) >> 4 & ones
	return x + '0'*ones + letters*('a'-'0'-10)
}

// load64 and load32 read the first bytes of a string, the lowest first.
func load64(s string) uint64 { return load32(s) | load32(s[4:])<<32 }

func load32(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
