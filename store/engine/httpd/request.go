package httpd

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"net/url"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
	"github.com/plimsoll-mesh/plimsoll/store/engine/sqlscan"
)

// request is one HTTP request, understood.
type request struct {
	values   url.Values
	session  pool.Session
	client   clientSession // of session_id
	params   chdb.Params
	external []externalTable
	format   string // of the result, unless the statement names one

	statement sqlscan.Statement
	// data follows the statement: its own inline data, then the rest of the body.
	data io.Reader
	// whole reports that statement.Text holds everything and data is empty.
	whole bool
}

// parseRequest reads URL, headers, and as much of the body as the statement
// takes. Bodies of inserts are left to be streamed.
func parseRequest(r *http.Request) (*request, error) {
	req := &request{values: r.URL.Query()}
	text, body, err := req.readBody(r)
	if err != nil {
		return nil, err
	}
	if err := req.readSession(r); err != nil {
		return nil, err
	}
	req.format = cmp.Or(req.values.Get("default_format"), r.Header.Get("X-ClickHouse-Format"), defaultFormat)
	return req, req.readStatement(text, body)
}

// readBody returns the statement as far as it is in the URL or a form, and the
// body behind it.
func (r *request) readBody(h *http.Request) (text string, body io.Reader, err error) {
	text = r.values.Get("query")
	if !isForm(h) {
		body, err = decodeBody(h, r.values)
		return text, body, err
	}
	var more string
	r.external, more, err = readForm(h, r.values)
	return text + more, http.NoBody, err
}

// readSession takes database, settings, parameters and session_id out of the URL.
func (r *request) readSession(h *http.Request) (err error) {
	r.session.Database = cmp.Or(r.values.Get("database"), h.Header.Get("X-ClickHouse-Database"))
	if r.session.Settings, r.params, err = splitQuery(r.values); err != nil {
		return err
	}
	restrict(h.Method, r.session.Settings)
	if r.client, err = parseSession(r.values); err != nil || r.client.id == "" {
		return err
	}
	if readonly := r.session.Settings["readonly"]; readonly != "" && readonly != "0" {
		r.client.reads = true
		delete(r.session.Settings, "readonly")
	}
	return nil
}

// lasting is what of a request's session must be put in force within a session
// of the client: nothing that the statement itself is there to change.
func (r *request) lasting() pool.Session {
	s := pool.Session{Database: r.session.Database, Settings: maps.Clone(r.session.Settings)}
	switch r.statement.Keyword {
	case "SET":
		s.Settings = nil
	case "USE":
		s.Database = ""
	}
	return s
}

// resultFormat is the statement's own FORMAT, else the request's.
func (r *request) resultFormat() string {
	if r.statement.Format != "" && !r.statement.TakesData {
		return r.statement.Format
	}
	return r.format
}

// reusable reports that the connection may serve other requests afterwards: the
// statement does not change its session, and the session is not one of a kind.
func (r *request) reusable() bool {
	_, token := r.session.Settings["insert_deduplication_token"]
	_, comment := r.session.Settings["log_comment"]
	return r.statement.KeepsSession() && !token && !comment && len(r.external) == 0
}
