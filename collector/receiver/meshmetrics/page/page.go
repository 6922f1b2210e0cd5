// Package page reads what a target answers to a scrape: Prometheus text or
// OpenMetrics, by content type. It holds a part of the page at a time, however
// long that is, and believes nothing of it: a page that is cut off, too long or
// not in its own format is an error, never a shorter page.
//
// The lexers are Prometheus' own (model/textparse). They want a whole page in
// memory; since no line of either format depends on another, parts that end
// with a line do as well.
package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// Accept is the request header that asks for what Read can read.
const Accept = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.9"

// What can be wrong with a page.
var (
	ErrContentType = errors.New("neither Prometheus text nor OpenMetrics 1")
	ErrSyntax      = errors.New("not in the format of its content type")
	ErrTruncated   = errors.New("cut off")
	ErrTooLarge    = errors.New("more bytes than the limit")
	ErrTooMany     = errors.New("more samples than the limit")
)

// Limits bound a page.
type Limits struct {
	Bytes   int64 // after decompression
	Samples int
}

// partSize is how much of a page is in memory; a line must fit.
const partSize = 256 << 10

// format is one of the two that there are.
type format struct {
	parser func(part []byte) textparse.Parser
	end    []byte // what a whole page ends with
	close  []byte // what a part must end with for the parser, besides a newline
}

var eof = []byte("# EOF\n")

func formatOf(contentType string) (format, error) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	version := params["version"]
	switch {
	case err != nil:
	case mediaType == "text/plain":
		return format{parser: func(part []byte) textparse.Parser {
			// The parser appends a newline, in place where there is room.
			return textparse.NewPromParser(part[:len(part)-1], labels.NewSymbolTable(), false)
		}, end: []byte("\n")}, nil
	case mediaType == "application/openmetrics-text" && (version == "" || version[0] < '2'):
		return format{parser: func(part []byte) textparse.Parser {
			return textparse.NewOpenMetricsParser(part, labels.NewSymbolTable())
		}, end: eof, close: eof}, nil
	}
	return format{}, fmt.Errorf("content type %q: %w", contentType, ErrContentType)
}

// Read calls each for every sample of the page, in its order, and returns their
// number. The Series is only valid within the call. After an error, samples of
// a part of the page have been seen.
func Read(r io.Reader, contentType string, limits Limits, each func(*Series)) (samples int, err error) {
	f, err := formatOf(contentType)
	if err != nil {
		return 0, err
	}
	rd := reader{format: f, limits: limits, each: each}
	err = rd.read(io.LimitReader(r, limits.Bytes+1))
	return rd.samples, err
}

type reader struct {
	format  format
	limits  Limits
	each    func(*Series)
	samples int
	bytes   int64
	ended   bool // the format's end was read
}

// read goes through the page part by part.
func (rd *reader) read(r io.Reader) error {
	buf := make([]byte, partSize+len(eof))
	kept := 0 // bytes of a line that is not complete
	var rest []byte
	for {
		n, last, err := fill(r, buf[kept:partSize])
		if err != nil {
			return err
		}
		if rd.bytes += int64(n); rd.bytes > rd.limits.Bytes {
			return fmt.Errorf("%w of %d", ErrTooLarge, rd.limits.Bytes)
		}
		filled := kept + n
		whole := bytes.LastIndexByte(buf[:filled], '\n') + 1
		if whole == 0 && filled == partSize {
			return fmt.Errorf("a line of more than %d bytes: %w", partSize, ErrSyntax)
		}
		rest = append(rest[:0], buf[whole:filled]...)
		if err := rd.part(buf, whole); err != nil {
			return err
		}
		if last {
			return rd.finish(rest)
		}
		kept = copy(buf, rest)
	}
}

// fill reads until buf is full or the page ends. A body that ends before its
// time (io.ErrUnexpectedEOF) is cut off, not at its end: hence not io.ReadFull.
func fill(r io.Reader, buf []byte) (n int, last bool, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	switch {
	case err == nil:
		return n, false, nil
	case errors.Is(err, io.EOF):
		return n, true, nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, false, fmt.Errorf("%w: %w", ErrTruncated, err)
	}
	return n, false, err
}

// part parses the first n bytes of buf, which end with a line.
func (rd *reader) part(buf []byte, n int) error {
	if n == 0 {
		return nil
	}
	if rd.ended {
		return fmt.Errorf("data after the end: %w", ErrSyntax)
	}
	part := buf[:n]
	if bytes.IndexByte(part, 0) >= 0 { // to the parsers, an end
		return fmt.Errorf("a zero byte: %w", ErrSyntax)
	}
	rd.ended = rd.format.close != nil && bytes.HasSuffix(part, rd.format.end)
	if rd.format.close != nil && !rd.ended {
		part = append(part, rd.format.close...)
	}
	return rd.parse(rd.format.parser(part))
}

// finish checks that the page ended as its format does.
func (rd *reader) finish(rest []byte) error {
	if rd.format.close != nil && !rd.ended && bytes.Equal(rest, bytes.TrimSuffix(eof, []byte("\n"))) {
		return nil // without a newline, as some write it
	}
	if len(rest) > 0 || rd.format.close != nil && !rd.ended {
		return fmt.Errorf("after %d samples: %w", rd.samples, ErrTruncated)
	}
	return nil
}

// parse goes through a part. The parsers are not ours: should one panic on a
// page, that page is refused.
func (rd *reader) parse(p textparse.Parser) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("%v: %w", what, ErrSyntax)
		}
	}()
	s := Series{parser: p}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSyntax, err)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		if rd.samples++; rd.samples > rd.limits.Samples {
			return fmt.Errorf("%w of %d", ErrTooMany, rd.limits.Samples)
		}
		s.next()
		rd.each(&s)
	}
}
