package httpd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// maxForm is the most that a multipart body may hold, in bytes. Its tables end
// up in the engine's memory anyhow; beyond this, INSERT into a table.
const maxForm = 64 << 20

// externalTable is data that a client sends along with a statement, which sees it
// as a temporary table.
type externalTable struct {
	name      string
	structure string // column list: "a Int8, b String"
	format    string
	data      []byte
}

// isForm reports a body in parts.
func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "multipart/form-data"
}

// readForm takes a multipart body apart: files are tables, the part "query"
// continues the statement, and other fields are what they would be in the URL.
func readForm(r *http.Request, values url.Values) (tables []externalTable, query string, err error) {
	body, err := decodeContent(r.Header.Get("Content-Encoding"), r.Body)
	if err != nil {
		return nil, "", readError(err)
	}
	r.Body = http.MaxBytesReader(nil, io.NopCloser(body), maxForm)
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, "", readError(err)
	}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return tables, query, nil
		}
		if err != nil {
			return nil, "", formError(err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, "", formError(err)
		}
		switch name := part.FormName(); {
		case isFile(part):
			table, err := newExternalTable(name, data, values)
			if err != nil {
				return nil, "", err
			}
			tables = append(tables, table)
		case name == "query":
			query += string(data)
		default:
			values.Set(name, string(data))
		}
	}
}

// isFile reports a part with a file name, be it empty: clickhouse-go sends
// tables so, which Part.FileName cannot tell from a field.
func isFile(part *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	_, named := params["filename"]
	return err == nil && named
}

func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return notImplemented(fmt.Sprintf("external data of more than %d bytes", int64(maxForm)))
	}
	return readError(err)
}

// newExternalTable reads what the URL says of a table, and takes it out of values,
// where it would pass for settings.
func newExternalTable(name string, data []byte, values url.Values) (externalTable, error) {
	table := externalTable{name: name, structure: values.Get(name + "_structure"), format: values.Get(name + "_format"), data: data}
	types := values.Get(name + "_types")
	for _, suffix := range []string{"_structure", "_types", "_format"} {
		values.Del(name + suffix)
	}
	switch {
	case table.structure != "":
	case types != "":
		table.structure = numberedColumns(types)
	default:
		return table, exceptionf(codeBadArguments, "BAD_ARGUMENTS",
			"Neither structure nor types have been provided for external table %s: add %s_structure or %s_types to the URL", name, name, name)
	}
	if table.format == "" {
		table.format = defaultFormat
	}
	return table, nil
}

// numberedColumns turns a list of types into columns _1, _2, …
func numberedColumns(types string) string {
	var columns []string
	for i, columnType := range splitTypes(types) {
		columns = append(columns, fmt.Sprintf("_%d %s", i+1, columnType))
	}
	return strings.Join(columns, ", ")
}

// splitTypes cuts at the commas outside of brackets.
func splitTypes(types string) []string {
	var list []string
	depth, start := 0, 0
	for i, c := range types {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			list, start = append(list, strings.TrimSpace(types[start:i])), i+1
		}
	}
	return append(list, strings.TrimSpace(types[start:]))
}

// load makes the table on a connection.
func (e externalTable) load(conn *pool.Conn) error {
	name := pool.QuoteName(e.name)
	if err := conn.Exec("CREATE TEMPORARY TABLE " + name + " (" + e.structure + ") ENGINE = Memory"); err != nil {
		return err
	}
	in, err := conn.Insert("INSERT INTO "+name, e.format, nil)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := appendAll(in, bytes.NewReader(e.data)); err != nil {
		return err
	}
	_, err = in.Done()
	return err
}
