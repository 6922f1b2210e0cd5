package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// storeError is an answer of the store that is not a success.
type storeError struct {
	status int
	code   int // ClickHouse error code, 0: none was given
	text   string
}

func (e *storeError) Error() string {
	return fmt.Sprintf("the store answered status %d, code %d: %s", e.status, e.code, e.text)
}

// Error codes that need more than a class.
const (
	unknownTable    = 60
	unknownDatabase = 81
	// tooManyParts has two meanings: merges lag behind, which passes, and a
	// block that touches too many partitions, which does not.
	tooManyParts      = 252
	tooManyPartitions = "partitions for single INSERT block" // in the text of the latter
)

// withoutTables tells whether the store lacks what a migration makes.
func withoutTables(err error) bool {
	var answer *storeError
	return errors.As(err, &answer) && (answer.code == unknownTable || answer.code == unknownDatabase)
}

// permanent tells whether sending the same bytes again must fail in the same
// way. Only an answer that speaks of the block's own content or statement is
// permanent; everything else is retried: no answer at all, a store that is
// overloaded, read-only, out of space or memory, a missing table or database,
// and refused credentials. Those are the store's state, and somebody will
// mend it.
func permanent(err error) bool {
	var verdict interface{ Permanent() bool } // of a central collector, or a reconciliation
	if errors.As(err, &verdict) {
		return verdict.Permanent()
	}
	var answer *storeError
	if !errors.As(err, &answer) || answer.code == 0 {
		return false // no answer, or not from ClickHouse
	}
	switch class(answer.code) {
	case aboutBlock:
		return true
	case aboutStore:
		return false
	}
	if answer.code == tooManyParts {
		return strings.Contains(answer.text, tooManyPartitions)
	}
	return answer.status == http.StatusBadRequest
}

type errorClass int

const (
	unclassified errorClass = iota
	aboutBlock
	aboutStore
)

// class sorts the error codes of ClickHouse (ClickHouse: src/Common/ErrorCodes.cpp).
func class(code int) errorClass {
	switch code {
	case 6, 8, 10, 16, 20, 26, 27, // cannot parse text; no such column, in the block or the table; wrong number of columns
		33, 38, 40, 41, // cannot read all data, parse date, checksum, parse datetime
		43, 44, 47, 48, 50, 53, // illegal type, illegal column, unknown identifier, not implemented, unknown type, type mismatch
		62, 69, 70, 72, 73, // syntax, argument out of bound, cannot convert type, cannot parse number, unknown format
		115, 117, 131, // unknown setting, incorrect data, too large string
		190, 271, 349, 395, // sizes of arrays, cannot decompress, null in a column without, throwIf in a view
		432, 469, 691: // unknown codec, violated constraint, unknown element of an enum
		return aboutBlock
	case unknownTable, unknownDatabase,
		159, 160, 164, // timeout, too slow, readonly
		192, 193, 194, 497, 516, // credentials and grants
		202, 203, 209, 210, // too many queries, no free connection, socket timeout, network
		173, 236, 241, 242, 243, // memory, aborted, memory limit, read-only table, no space
		225, 279, 285, 286, 289, 319, 999, // Keeper, replicas, quorum, unknown status of insert
		394, 439: // cancelled, cannot schedule
		return aboutStore
	}
	return unclassified
}

// worthSplitting tells whether a half of the block may fare better: when the
// refusal is about values, not about the statement or its columns.
func worthSplitting(err error) bool {
	var answer *storeError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.code {
	case 8, 10, 16, 20, 47, 62, 115: // names and numbers of columns, syntax, settings
		return false
	}
	return true
}
