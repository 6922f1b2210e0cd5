package httpd

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// Handler answers ClickHouse's HTTP interface. It is safe for concurrent use.
type Handler struct {
	pool   *pool.Pool
	logger *slog.Logger
}

// New returns a handler over the engine of p. It trusts its caller: wrap it in
// RequireKey for a listener that other users of the machine can reach.
func New(p *pool.Pool, logger *slog.Logger) *Handler {
	return &Handler{pool: p, logger: logger}
}

// ServeHTTP answers /ping, and statements at /. A bare GET of / is a ping as well.
// /probe is a ping that goes through to the engine.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/ping", path == "/" && r.Method == http.MethodGet && r.URL.RawQuery == "":
		io.WriteString(w, "Ok.\n") //nolint:errcheck // the client may be gone
	case path == "/probe":
		h.probe(w)
	case path == "/":
		h.serveStatement(w, r)
	default:
		http.Error(w, "There is no handle "+r.URL.Path, http.StatusNotFound)
	}
}

// probe answers as soon as the engine has answered a statement, be it by an
// exception: that is a sign of life too.
func (h *Handler) probe(w http.ResponseWriter) {
	if err := h.pool.Probe(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "Ok.\n") //nolint:errcheck // the client may be gone
}

func (h *Handler) serveStatement(w http.ResponseWriter, r *http.Request) {
	facts := h.pool.Facts()
	tag := randomHex(8)
	header := w.Header()
	header.Set("X-ClickHouse-Query-Id", queryID(r))
	header.Set("X-ClickHouse-Server-Display-Name", facts.DisplayName)
	header.Set("X-ClickHouse-Timezone", facts.Timezone)
	header.Set("X-ClickHouse-Exception-Tag", tag)

	out := newOutput(w, h.pool.Dir())
	defer func() {
		if err := out.close(); err != nil {
			h.logger.Warn("closing a result held back", "error", err)
		}
	}()
	if err := h.execute(r, out, time.Now()); err != nil {
		h.fail(w, r, out, err, tag)
	}
}

// fail answers an error and does what must follow it.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, out *output, err error, tag string) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // nobody is left to read an answer
	}
	exception := toException(err, h.pool.Facts().Version)
	if exception.Code == codeMemoryLimitExceeded {
		if err := h.pool.ReturnMemory(); err != nil {
			h.logger.Warn("returning memory to the system", "error", err)
		}
	}
	if !out.committed {
		writeException(w, exception)
		return
	}
	out.abort(exception, tag)
}

// toException gives every error ClickHouse's form: code, text, version.
func toException(err error, version string) *chdb.Exception {
	var e *chdb.Exception
	if !errors.As(err, &e) {
		e = exceptionf(chdb.CodeUnknown, "UNKNOWN_EXCEPTION", "%v", err)
	}
	return &chdb.Exception{Code: e.Code, Text: e.Text + " (version " + version + " (official build))"}
}

// queryID echoes the client's id, or makes one up as a server does.
func queryID(r *http.Request) string {
	if id := r.URL.Query().Get("query_id"); id != "" {
		return id
	}
	x := randomHex(16)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
