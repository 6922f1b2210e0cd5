package httpd

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/ClickHouse/ch-go/compress"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// decodeBody undoes the two compressions of a request body: Content-Encoding,
// and inside of it ClickHouse's own frames (decompress=1).
func decodeBody(r *http.Request, values url.Values) (io.Reader, error) {
	body, err := decodeContent(r.Header.Get("Content-Encoding"), r.Body)
	if err != nil {
		return nil, readError(err)
	}
	if flag(values, "decompress") {
		body = compress.NewReader(&frameGuard{src: body})
	}
	return body, nil
}

// atEnd reports that err, of a body's Read, is its regular end. ch-go wraps
// io.EOF, so it must be looked for within; a body that was cut gives
// io.ErrUnexpectedEOF, another error, at every layer.
func atEnd(err error) bool {
	return errors.Is(err, io.EOF)
}

// readError is the exception for a body that broke off or could not be decoded.
// An exception stays what it is.
func readError(err error) error {
	var e *chdb.Exception
	if errors.As(err, &e) {
		return err
	}
	return exceptionf(codeCannotReadAllData, "CANNOT_READ_ALL_DATA", "Cannot read request body: %v", err)
}
