package httpd

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/ClickHouse/ch-go/compress"
)

// decodeBody undoes the two compressions of a request body: Content-Encoding,
// and inside of it ClickHouse's own frames (decompress=1).
func decodeBody(r *http.Request, values url.Values) (io.Reader, error) {
	var body io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, readError(err)
		}
		body = z
	default:
		return nil, notImplemented("Content-Encoding " + encoding)
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
func readError(err error) error {
	return exceptionf(codeCannotReadAllData, "CANNOT_READ_ALL_DATA", "Cannot read request body: %v", err)
}
