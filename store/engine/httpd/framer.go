package httpd

import (
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

// frameData is the most plain data in one compression frame, in bytes.
const frameData = 1 << 20

// framer cuts result bytes into ClickHouse's compression frames (compress=1).
type framer struct {
	writer *compress.Writer
	plain  []byte
	emit   func([]byte) error
}

// newFramer takes a value of the setting network_compression_method. The engine
// has checked it when the connection was opened; LZ4 is ClickHouse's default.
func newFramer(method string, emit func([]byte) error) (*framer, error) {
	m := compress.LZ4
	switch strings.ToUpper(method) {
	case "", "LZ4":
	case "LZ4HC":
		m = compress.LZ4HC
	case "ZSTD":
		m = compress.ZSTD
	case "NONE":
		m = compress.None
	default:
		return nil, notImplemented("network_compression_method " + method)
	}
	return &framer{writer: compress.NewWriter(compress.LevelZero, m), emit: emit}, nil
}

func (f *framer) add(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), frameData-len(f.plain))
		f.plain = append(f.plain, p[:n]...)
		p = p[n:]
		if len(f.plain) == frameData {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush emits what is left as a frame of its own.
func (f *framer) flush() error {
	if len(f.plain) == 0 {
		return nil
	}
	if err := f.writer.Compress(f.plain); err != nil {
		return err
	}
	f.plain = f.plain[:0]
	return f.emit(f.writer.Data)
}
