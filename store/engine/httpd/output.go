package httpd

import (
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// defaultBuffer is how much of a result is held back, in bytes, before status
// 200 is sent: an exception within it still gets a status of its own.
const defaultBuffer = 1 << 20

// output is the response body. Result bytes pass through ClickHouse's frames if
// the client asked for them, then a buffer, then the content encoding:
//
//	Write → framer → hold → (commit: headers, status) → encoder → connection
type output struct {
	w        http.ResponseWriter
	onCommit func(http.Header) // adds the headers known only now

	framer *framer // nil: no frames
	limit  int     // hold back up to this many bytes
	held   spool

	committed bool
	encoder   encoder // nil: no Content-Encoding
}

// newOutput returns an output that may hold a result back in a file in dir.
func newOutput(w http.ResponseWriter, dir string) *output {
	return &output{w: w, limit: defaultBuffer, held: spool{dir: dir, limit: spoolMemory}, onCommit: func(http.Header) {}}
}

// close lets go of what is held back. It is called in every case.
func (o *output) close() error { return o.held.Close() }

// configure applies what the request says about its response.
func (o *output) configure(r *http.Request, req *request) (err error) {
	o.limit = bufferLimit(req)
	format := req.resultFormat()
	o.w.Header().Set("Content-Type", contentType(format))
	o.w.Header().Set("X-ClickHouse-Format", format)
	if flag(req.values, "compress") {
		o.framer, err = newFramer(req.session.Settings["network_compression_method"], o.hold)
		return err
	}
	encoding := chooseEncoding(r.Header)
	if encoding == "" || req.session.Settings["enable_http_compression"] == "0" {
		return nil
	}
	o.w.Header().Set("Content-Encoding", encoding)
	o.encoder, err = newEncoder(encoding, o.w)
	return err
}

// bufferLimit follows wait_end_of_query, buffer_size and http_response_buffer_size.
func bufferLimit(req *request) int {
	if flag(req.values, "wait_end_of_query") || req.session.Settings["http_wait_end_of_query"] == "1" {
		return math.MaxInt
	}
	for _, text := range []string{req.values.Get("buffer_size"), req.session.Settings["http_response_buffer_size"]} {
		if n, err := strconv.Atoi(text); err == nil && n >= 0 {
			return n
		}
	}
	return defaultBuffer
}

// Write takes result bytes; it keeps none of p.
func (o *output) Write(p []byte) (int, error) {
	if o.framer != nil {
		return len(p), o.framer.add(p)
	}
	return len(p), o.hold(p)
}

// hold keeps p back while the limit allows it.
func (o *output) hold(p []byte) error {
	if !o.committed && len(p) <= o.limit-o.held.Len() {
		_, err := o.held.Write(p)
		return err
	}
	if err := o.commit(); err != nil {
		return err
	}
	_, err := o.body().Write(p)
	return err
}

// commit sends status 200 and what was held back.
func (o *output) commit() error {
	if o.committed {
		return nil
	}
	o.committed = true
	o.onCommit(o.w.Header())
	o.w.WriteHeader(http.StatusOK)
	_, err := o.held.WriteTo(o.body())
	return errors.Join(err, o.held.Close())
}

func (o *output) body() io.Writer {
	if o.encoder != nil {
		return o.encoder
	}
	return o.w
}

// flush sends what was written once the status is out: rows of a slow statement
// reach the client as they come.
func (o *output) flush() error {
	if !o.committed {
		return nil
	}
	if o.encoder != nil {
		if err := o.encoder.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(o.w).Flush()
}

// finish ends a result. One that fits the buffer gets a Content-Length: that of
// an empty result, 0, is how clickhouse-go knows it.
func (o *output) finish() error {
	if o.framer != nil {
		if err := o.framer.flush(); err != nil {
			return err
		}
	}
	if !o.committed && o.held.Len() == 0 {
		o.encoder = nil
		o.w.Header().Del("Content-Encoding")
	}
	if !o.committed && o.encoder == nil {
		o.w.Header().Set("Content-Length", strconv.Itoa(o.held.Len()))
	}
	if err := o.commit(); err != nil {
		return err
	}
	if o.encoder != nil {
		return o.encoder.Close()
	}
	return nil
}

// abort tells an exception inside of a result, then breaks the connection so
// that no client takes the body for complete. It does not return.
func (o *output) abort(e *chdb.Exception, tag string) {
	// Errors are of no use here: the connection is about to be cut.
	_, _ = io.WriteString(o.body(), inBandException(e, tag))
	if o.encoder != nil {
		_ = o.encoder.Close()
	}
	_ = http.NewResponseController(o.w).Flush()
	panic(http.ErrAbortHandler)
}
