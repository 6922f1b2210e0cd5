package httpd

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
	"github.com/plimsoll-mesh/plimsoll/store/engine/sqlscan"
)

// request is one HTTP request, understood.
type request struct {
	values  url.Values
	session pool.Session
	params  chdb.Params
	format  string // of the result, unless the statement names one

	statement sqlscan.Statement
	// data follows the statement: its own inline data, then the rest of the body.
	data io.Reader
	// whole reports that statement.Text holds everything and data is empty.
	whole bool
}

// parseRequest reads URL, headers, and as much of the body as the statement
// takes. Bodies of inserts are left to be streamed.
func parseRequest(r *http.Request) (*request, error) {
	values := r.URL.Query()
	if err := refuseUnsupported(r, values); err != nil {
		return nil, err
	}
	settings, params, err := splitQuery(values)
	if err != nil {
		return nil, err
	}
	restrict(r.Method, settings)
	req := &request{
		values: values,
		params: params,
		session: pool.Session{
			Database: cmp.Or(values.Get("database"), r.Header.Get("X-ClickHouse-Database")),
			Settings: settings,
		},
		format: cmp.Or(values.Get("default_format"), r.Header.Get("X-ClickHouse-Format"), defaultFormat),
	}
	body, err := decodeBody(r, values)
	if err != nil {
		return nil, err
	}
	return req, req.readStatement(body)
}

// refuseUnsupported names what a server could do and this interface cannot yet.
// Sessions would pin a pool.Conn by session_id; external tables would become
// temporary tables on the request's connection.
func refuseUnsupported(r *http.Request, values url.Values) error {
	if values.Get("session_id") != "" {
		return notImplemented("session_id")
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return notImplemented("external data (multipart/form-data)")
	}
	return nil
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
	return r.statement.KeepsSession() && !token && !comment
}
