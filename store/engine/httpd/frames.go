package httpd

import (
	"encoding/binary"
	"errors"
	"io"
)

// frameHeader is the length of a ClickHouse compression frame's head: a 16-byte
// checksum, a method byte, and two little-endian uint32: the length of the frame
// without its checksum, and the length of its data (CompressedReadBufferBase.cpp).
const frameHeader = 16 + 1 + 4 + 4

// frameGuard passes frames on and turns an end inside of a frame into
// io.ErrUnexpectedEOF. Without it a body cut right behind a frame's head would
// look complete to the decoder.
type frameGuard struct {
	src  io.Reader
	head []byte // of the current frame, as far as read
	left int    // payload bytes still to come
}

// Read never reads beyond the head or the payload of the current frame.
func (g *frameGuard) Read(p []byte) (int, error) {
	if g.left > 0 {
		return g.read(p, g.left, func(b []byte) { g.left -= len(b) })
	}
	return g.read(p, frameHeader-len(g.head), g.addHead)
}

func (g *frameGuard) read(p []byte, limit int, seen func([]byte)) (int, error) {
	n, err := g.src.Read(p[:min(len(p), limit)])
	seen(p[:n])
	if errors.Is(err, io.EOF) && (g.left > 0 || len(g.head) > 0) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (g *frameGuard) addHead(b []byte) {
	if g.head = append(g.head, b...); len(g.head) < frameHeader {
		return
	}
	// A length too small for the head itself is the decoder's error to name.
	g.left = max(int(binary.LittleEndian.Uint32(g.head[17:]))-(frameHeader-16), 0)
	g.head = g.head[:0]
}
