package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// found is a valid record.
type found struct {
	seq    uint64
	block  Block // its body is valid until the next record is read
	offset int64
	size   int64 // of the whole record
}

// damage is a part of a segment without a valid record.
type damage struct {
	from, to int64
	torn     bool // a tail that was never acknowledged
	reason   string
}

// reader reads the records of a segment.
type reader struct {
	src    io.ReaderAt
	size   int64
	header header
	buf    []byte
	budget int64 // bytes that may still be spent on looking for records after damage
}

// searchFactor bounds the search for the next record: a file full of markers
// would otherwise take the square of its length.
const searchFactor = 8

// newReader reads the header.
func newReader(src io.ReaderAt, size int64) (*reader, error) {
	head := make([]byte, headerBytes)
	if err := readFull(src, head, 0, size); err != nil {
		return nil, fmt.Errorf("%w: %w", errHeader, err)
	}
	h, err := decodeHeader(head)
	if err != nil {
		return nil, err
	}
	return &reader{src: src, size: size, header: h, budget: searchFactor * size}, nil
}

// scan calls record for each valid record and broken for each damaged part, in
// the order of the file. It fails only if the file cannot be read.
func (r *reader) scan(record func(found), broken func(damage)) error {
	for at := int64(headerBytes); at < r.size; {
		f, why := r.read(at)
		if why == nil {
			record(f)
			at += f.size
			continue
		}
		if isIO(why) {
			return why
		}
		next, err := r.search(at + 1)
		if err != nil {
			return err
		}
		torn := false
		if next == r.size {
			if torn, err = r.torn(at, why); err != nil {
				return err
			}
		}
		broken(damage{from: at, to: next, torn: torn, reason: why.Error()})
		at = next
	}
	return nil
}

// Why there is no record at an offset.
var (
	errShort    = errors.New("the file ends within the record")
	errMarker   = errors.New("no record begins here")
	errLength   = errors.New("impossible length")
	errChecksum = errors.New("wrong checksum")
)

// ioError is a file that cannot be read, which says nothing of its bytes.
type ioError struct{ error }

func (e ioError) Unwrap() error { return e.error }

func isIO(err error) bool {
	var e ioError
	return errors.As(err, &e)
}

func readFull(src io.ReaderAt, p []byte, at, size int64) error {
	if at+int64(len(p)) > size {
		return errShort
	}
	if n, err := src.ReadAt(p, at); n < len(p) {
		return ioError{fmt.Errorf("reading %d bytes at %d: %w", len(p), at, err)}
	}
	return nil
}

// read returns the record at an offset.
func (r *reader) read(at int64) (f found, err error) {
	var prefix [prefixBytes]byte
	if err := readFull(r.src, prefix[:], at, r.size); err != nil {
		return f, err
	}
	if string(prefix[:4]) != marker {
		return f, errMarker
	}
	n := int64(binary.LittleEndian.Uint32(prefix[4:]))
	if n < minPayload || n > maxPayload {
		return f, errLength
	}
	if at+prefixBytes+n > r.size {
		return f, errShort
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	payload := r.buf[:n]
	if err := readFull(r.src, payload, at+prefixBytes, r.size); err != nil {
		return f, err
	}
	if r.header.checksum(at, payload) != binary.LittleEndian.Uint32(prefix[8:]) {
		return f, errChecksum
	}
	f.offset, f.size = at, prefixBytes+n
	f.seq, f.block, err = decodePayload(payload)
	return f, err
}

// search returns the offset of the first valid record at or after the given
// one, or the size of the file.
func (r *reader) search(at int64) (int64, error) {
	chunk := make([]byte, 64<<10)
	for at < r.size {
		n := min(int64(len(chunk)), r.size-at)
		if err := readFull(r.src, chunk[:n], at, r.size); err != nil {
			return 0, err
		}
		i := bytes.Index(chunk[:n], []byte(marker))
		if i < 0 {
			if at += n; at < r.size {
				at -= int64(len(marker)) - 1
			}
			continue
		}
		at += int64(i)
		f, err := r.read(at)
		if err == nil {
			return f.offset, nil
		}
		if isIO(err) {
			return 0, err
		}
		if r.budget -= r.spent(err); r.budget < 0 {
			return r.size, nil
		}
		at++
	}
	return r.size, nil
}

// spent is what it cost to see that there is no record.
func (r *reader) spent(why error) int64 {
	if errors.Is(why, errChecksum) || errors.Is(why, errPayload) {
		return int64(len(r.buf)) + prefixBytes
	}
	return int64(prefixBytes)
}

// torn tells whether the end of the file is what an interrupted write leaves: a
// record that the file is too short for, or space that was never written.
func (r *reader) torn(at int64, why error) (bool, error) {
	if errors.Is(why, errShort) {
		return true, nil
	}
	chunk := make([]byte, 64<<10)
	for at < r.size {
		n := min(int64(len(chunk)), r.size-at)
		if err := readFull(r.src, chunk[:n], at, r.size); err != nil {
			return false, err
		}
		if len(bytes.Trim(chunk[:n], "\x00")) > 0 {
			return false, nil
		}
		at += n
	}
	return true, nil
}
