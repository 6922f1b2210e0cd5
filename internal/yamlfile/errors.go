package yamlfile

import (
	"errors"
	"fmt"
	"strings"
)

// Error is one finding in a file that a person wrote.
type Error struct {
	File  string
	Line  int    // 1-based; 0: not known
	Field string // path such as "services[1].endpoints[0].path"; "" for the document
	Msg   string // what is wrong and, where it can be said, the remedy
}

// Error returns "file:line: field: message".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Msg)
	return b.String()
}

// Errors is a list of findings, one line each when printed.
type Errors []*Error

// Error joins the findings by newlines.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns nil for an empty list, so that a validator can end with it.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// Add appends err, flattening Errors; nil adds nothing. An error of another
// type is kept as its text.
func (es *Errors) Add(err error) {
	var one *Error
	var list Errors
	switch {
	case err == nil:
	case errors.As(err, &one):
		*es = append(*es, one)
	case errors.As(err, &list):
		*es = append(*es, list...)
	default:
		*es = append(*es, &Error{Msg: err.Error()})
	}
}
