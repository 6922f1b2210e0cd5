package httpd

import (
	"io"

	"github.com/andybalholm/brotli"
)

// excessiveInput is the text of an error that brotli.Reader does not export.
const excessiveInput = "brotli: excessive input"

// brotliReader mends brotli.Reader (v1.2.8): when the last bytes of a stream come
// in a read of their own, it decodes everything, and then takes these bytes for
// something behind the end. The error is only possible once the stream has come to
// its own end mark, so it is the end: nothing that was cut can pass for whole.
type brotliReader struct {
	*brotli.Reader
}

func (r brotliReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err.Error() == excessiveInput {
		err = io.EOF
	}
	return n, err
}
