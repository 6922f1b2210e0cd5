package httpd

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxZstdWindow bounds the memory that a zstd body can make the decoder take, in
// bytes: eight times the window that RFC 8878 (3.1.1.1.2) asks decoders to support.
const maxZstdWindow = 64 << 20

// decodeContent undoes a Content-Encoding. A body that was cut ends with an
// error other than io.EOF in every encoding.
func decodeContent(encoding string, body io.Reader) (io.Reader, error) {
	switch encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		return gzip.NewReader(body)
	case "deflate":
		return zlib.NewReader(body)
	case "br":
		return brotliReader{brotli.NewReader(body)}, nil
	case "zstd":
		return zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
	case "lz4":
		return lz4.NewReader(body), nil
	}
	return nil, notImplemented("Content-Encoding " + encoding)
}

// encoder writes a response in a Content-Encoding.
type encoder interface {
	io.WriteCloser
	Flush() error
}

// encodings lists what responses can be encoded in, the best first: the order in
// which a server chooses (ClickHouse, src/IO/CompressionMethod.cpp).
func encodings() []string { return []string{"zstd", "br", "lz4", "gzip", "deflate"} }

// newEncoder returns nil for no encoding. Levels are the fast ones: the other
// end is mostly on the same machine.
func newEncoder(encoding string, w io.Writer) (encoder, error) {
	switch encoding {
	case "":
		return nil, nil //nolint:nilnil // no encoding is no error
	case "gzip":
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	case "deflate":
		return zlib.NewWriterLevel(w, zlib.BestSpeed)
	case "br":
		return brotli.NewWriterLevel(w, brotli.BestSpeed), nil
	case "zstd":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	case "lz4":
		return lz4.NewWriter(w), nil
	}
	return nil, errors.New("unknown encoding " + encoding)
}

// chooseEncoding picks the encoding that the client prefers, by its weights
// (RFC 9110, 12.5.3), and "" when it accepts none of ours.
func chooseEncoding(header http.Header) string {
	accepted := map[string]float64{}
	for _, coding := range strings.Split(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		accepted[strings.ToLower(strings.TrimSpace(name))] = weight(params)
	}
	best, most := "", 0.0
	for _, name := range encodings() {
		if w := accepted[name]; w > most {
			best, most = name, w
		}
	}
	return best
}

// weight reads "q=0.5"; without it a coding has the weight 1, with nonsense 0.
func weight(params string) float64 {
	name, value, found := strings.Cut(strings.ReplaceAll(params, " ", ""), "=")
	if !found || !strings.EqualFold(name, "q") {
		return 1
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0
	}
	return q
}
