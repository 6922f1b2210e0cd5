package yamlfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Decode fills out, a pointer to a struct, from the document. Unknown fields,
// duplicate keys and values of a wrong type are all reported, as Errors in the
// order of their lines.
func (d Doc) Decode(out any) error {
	c := d.checkFields(out)
	errs := c.errs
	err := d.root.Decode(out)
	var typed *yaml.TypeError
	switch {
	case err == nil:
	case errors.As(err, &typed):
		for _, text := range typed.Errors {
			if !c.reported(text) {
				errs = append(errs, d.locate(syntaxError(d.File, errors.New(text))))
			}
		}
	default:
		errs = append(errs, d.locate(syntaxError(d.File, err)))
	}
	slices.SortStableFunc(errs, func(a, b *Error) int { return a.Line - b.Line })
	return errs.Err()
}

// locate fills in the field of an error of which only the line is known.
func (d Doc) locate(e *Error) *Error {
	if e.Field == "" && e.Line > 0 {
		e.Field = pathOfLine(d.root, "", e.Line)
	}
	return e
}

// JSON returns the document as JSON, for protobuf's JSON reader.
func (d Doc) JSON() ([]byte, error) {
	var v any
	if err := d.root.Decode(&v); err != nil {
		return nil, d.locate(syntaxError(d.File, err))
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("converting %s to JSON: %w", d.File, err)
	}
	return b, nil
}

// Doc returns the part of the document at path as a document of its own: the
// inline object in a list, say. Its lines are those of the file.
func (d Doc) Doc(path string) (Doc, bool) {
	n := find(d.root, path)
	return Doc{File: d.File, root: n}, n != nil
}

// IsString tells whether the document is a plain scalar, and returns it.
func (d Doc) IsString() (string, bool) {
	if d.root.Kind != yaml.ScalarNode {
		return "", false
	}
	return d.root.Value, true
}

// Line returns the line of the document's first value.
func (d Doc) Line() int { return d.root.Line }

// Errorf returns an Error at path; the line is that of the value there, or of
// the nearest parent that the document has.
func (d Doc) Errorf(path, format string, args ...any) *Error {
	e := &Error{File: d.File, Field: path, Msg: fmt.Sprintf(format, args...)}
	for p := path; ; p = parent(p) {
		if n := find(d.root, p); n != nil {
			e.Line = n.Line
			return e
		}
		if p == "" {
			return e
		}
	}
}
