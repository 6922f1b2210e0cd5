package chdb

import (
	"regexp"
	"strconv"
	"strings"
)

// CodeUnknown is ClickHouse's UNKNOWN_EXCEPTION, used for texts without a code.
const CodeUnknown = 1002

// Exception is an error that the engine raised.
type Exception struct {
	// Code is a code of ClickHouse's ErrorCodes.cpp, such as 60, UNKNOWN_TABLE.
	Code int
	// Text is the engine's text: "Code: 60. DB::Exception: … (UNKNOWN_TABLE)".
	Text string
}

// Error returns the engine's text.
func (e *Exception) Error() string { return e.Text }

var exceptionCode = regexp.MustCompile(`^Code: (\d+)\.`)

// newException reads the code out of an error text of the library. A text
// without one gets CodeUnknown and ClickHouse's form.
func newException(text string) *Exception {
	text = strings.TrimPrefix(strings.TrimSpace(text), "Error: ")
	if m := exceptionCode.FindStringSubmatch(text); m != nil {
		if code, err := strconv.Atoi(m[1]); err == nil {
			return &Exception{Code: code, Text: text}
		}
	}
	return &Exception{Code: CodeUnknown, Text: "Code: 1002. DB::Exception: " + text + ". (UNKNOWN_EXCEPTION)"}
}
