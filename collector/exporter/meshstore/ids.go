package meshstore

import (
	"encoding/hex"
	"math/bits"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/record"
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

// flagCodes are Envoy's short codes of response flags.
var flagCodes = func() map[string]record.Flags {
	codes := make(map[string]record.Flags)
	for bit := range bits.Len64(uint64(record.FlagDR)) {
		flag := record.Flags(1) << bit
		codes[flag.String()] = flag
	}
	return codes
}()

// parseFlags reads response flags as Envoy writes them: "UF,URX", "-" for none.
// It returns those that it knows, and whether it knew all.
func parseFlags(text string) (flags record.Flags, all bool) {
	if told(text) == "" {
		return 0, true
	}
	all = true
	for code := range strings.SplitSeq(text, ",") {
		flag, known := flagCodes[code]
		flags, all = flags|flag, all && known
	}
	return flags, all
}
