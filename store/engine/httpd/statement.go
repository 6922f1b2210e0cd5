package httpd

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/store/engine/sqlscan"
)

// maxStatement is the most text of a statement that is held in memory. Data of
// an INSERT beyond it is streamed.
const maxStatement = 16 << 20

// readStatement takes the statement from text, that of query=, continued by the
// body: a whole body when it is no INSERT, the data when it is one.
func (r *request) readStatement(text string, body io.Reader) error {
	statement, err := parse(text)
	if err != nil {
		return err
	}
	if statement.TakesData {
		r.statement, r.data = statement, io.MultiReader(strings.NewReader(statement.Data), body)
		return nil
	}
	rest, complete, err := readUpTo(body, maxStatement)
	if err != nil {
		return err
	}
	if text != "" && len(rest) > 0 {
		text += "\n"
	}
	if r.statement, err = parse(text + string(rest)); err != nil {
		return err
	}
	return r.finishStatement(body, complete)
}

// finishStatement decides what to do with a body longer than maxStatement.
func (r *request) finishStatement(body io.Reader, complete bool) error {
	switch {
	case complete:
		r.whole, r.data = true, strings.NewReader("")
	case r.statement.TakesData:
		r.data = io.MultiReader(strings.NewReader(r.statement.Data), body)
	default:
		return exceptionf(codeSyntaxError, "SYNTAX_ERROR", "Statement is longer than %d bytes", maxStatement)
	}
	if r.statement.Keyword == "" {
		return exceptionf(codeSyntaxError, "SYNTAX_ERROR", "Empty query")
	}
	return nil
}

func parse(text string) (sqlscan.Statement, error) {
	statement, err := sqlscan.Parse(text)
	if errors.Is(err, sqlscan.ErrSeveral) {
		return statement, exceptionf(codeSyntaxError, "SYNTAX_ERROR", "Multi-statements are not allowed")
	}
	return statement, err
}

// readUpTo reads body to its end, or to limit bytes and then reports it
// incomplete.
func readUpTo(body io.Reader, limit int) (text []byte, complete bool, err error) {
	var buffer bytes.Buffer
	n, err := buffer.ReadFrom(io.LimitReader(body, int64(limit)))
	if err != nil && !atEnd(err) {
		return nil, false, readError(err)
	}
	return buffer.Bytes(), n < int64(limit) || err != nil, nil
}
