package httpd

import (
	"net/http"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// execute runs the request's statement on a connection of its session and
// writes the result to out. A client that goes away has its statement killed.
func (h *Handler) execute(r *http.Request, out *output, start time.Time) error {
	req, err := parseRequest(r)
	if err != nil {
		return err
	}
	if err := out.configure(r, req); err != nil {
		return err
	}
	loan, err := h.borrow(r.Context(), req)
	if err != nil {
		return err
	}
	stop := loan.conn.Watch(r.Context())
	var stats chdb.Stats
	out.onCommit = func(header http.Header) {
		header.Set("X-ClickHouse-Summary", summary(stats, time.Since(start)))
	}
	err = h.dispatch(loan.conn, req, out, &stats)
	killed := stop()
	loan.giveBack(req, err == nil && !killed)
	return err
}

// dispatch chooses how the statement is run.
func (h *Handler) dispatch(conn *pool.Conn, req *request, out *output, stats *chdb.Stats) error {
	switch {
	case asksHello(req):
		return h.hello(out)
	case req.statement.TakesData && !req.whole:
		return insert(conn, req, out, stats)
	case req.statement.Reads() && streams(req.resultFormat()):
		return stream(conn, req, out, stats)
	default:
		return query(conn, req, out, stats)
	}
}
