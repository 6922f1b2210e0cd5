package ingest

import "encoding/hex"

// storedRequestID returns the request id to be stored: none if it is the text
// form of the call id, from which it can be made again.
func storedRequestID(id string, call [16]byte) string {
	if isText(id, call) {
		return ""
	}
	return id
}

// isText tells whether a text is the RFC 9562 form of 16 bytes, in lower case.
func isText(s string, id [16]byte) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	var want [32]byte
	hex.Encode(want[:], id[:])
	return s[:8] == string(want[:8]) && s[9:13] == string(want[8:12]) && s[14:18] == string(want[12:16]) &&
		s[19:23] == string(want[16:20]) && s[24:] == string(want[20:])
}
