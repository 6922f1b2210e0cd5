package httpd

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// Codes of ClickHouse's ErrorCodes.cpp that the interface raises or acts on.
const (
	codeCannotReadAllData     = 33
	codeBadArguments          = 36
	codeNotImplemented        = 48
	codeSyntaxError           = 62
	codeUnknownSetting        = 115
	codeReadonly              = 164
	codeTooManyQueries        = 202
	codeMemoryLimitExceeded   = 241
	codeSessionNotFound       = 372
	codeSessionIsLocked       = 373
	codeInvalidSessionTimeout = 374
	codeAuthenticationFailed  = 516
)

// exceptionf makes an exception of the interface itself, in the engine's form.
func exceptionf(code int, name, format string, args ...any) *chdb.Exception {
	return &chdb.Exception{
		Code: code,
		Text: fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", code, fmt.Sprintf(format, args...), name),
	}
}

func notImplemented(what string) *chdb.Exception {
	return exceptionf(codeNotImplemented, "NOT_IMPLEMENTED", "%s is not supported by the embedded engine", what)
}

// writeException answers with status, code header and text.
func writeException(w http.ResponseWriter, e *chdb.Exception) {
	body := e.Text + "\n"
	header := w.Header()
	header.Del("Content-Encoding")
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.Code))
	w.WriteHeader(statusOf(e.Code))
	io.WriteString(w, body) //nolint:errcheck // the client may be gone
}

// inBandException is how a failure is told once status 200 is out, from
// ClickHouse's WriteBufferFromHTTPServerResponse.cpp.
func inBandException(e *chdb.Exception, tag string) string {
	return fmt.Sprintf("\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", tag, e.Text, len(e.Text)+1, tag)
}
