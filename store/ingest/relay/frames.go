package relay

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ClickHouse/ch-go/compress"
)

// A frame of ClickHouse's compressed stream (ClickHouse:
// src/Compression/CompressedReadBufferBase.cpp): CityHash128 of all that follows,
// method, size of method to data, size of the data when decompressed.
const (
	frameChecksum = 16
	frameHeader   = 9 // method and both sizes; counted in the first of them
	methodLZ4     = 0x82
)

// Bounds of a body. A sender makes frames of 1 MiB and seals a block at 16 MiB
// of values.
const (
	maxFrameData = 4 << 20
	maxBlockData = 96 << 20 // decompressed, by all frames
)

// checkFrames walks the frames of a body before anything is decompressed: a few
// bytes can claim to become gigabytes.
func checkFrames(body []byte) error {
	total := 0
	for frame, rest := 1, body; len(rest) > 0; frame++ {
		if len(rest) < frameChecksum+frameHeader {
			return fmt.Errorf("frame %d is cut off", frame)
		}
		head := rest[frameChecksum:]
		size, data := binary.LittleEndian.Uint32(head[1:]), binary.LittleEndian.Uint32(head[5:])
		switch {
		case head[0] != methodLZ4:
			return fmt.Errorf("frame %d has method 0x%02x, want LZ4", frame, head[0])
		case size < frameHeader || uint64(size) > uint64(len(head)):
			return fmt.Errorf("frame %d claims %d bytes of %d", frame, size, len(head))
		case data == 0 || data > maxFrameData:
			return fmt.Errorf("frame %d claims to become %d bytes, want 1 to %d", frame, data, maxFrameData)
		}
		if total += int(data); total > maxBlockData {
			return fmt.Errorf("the frames claim to become more than %d bytes", maxBlockData)
		}
		rest = head[size:]
	}
	return nil
}

// checkNative decompresses a body, which verifies the checksum of every frame,
// and reads the header of the Native block in it: it must have so many rows, and
// some columns. The columns themselves are the store's to judge.
func checkNative(body []byte, rows uint32) error {
	r := bufio.NewReader(compress.NewReader(bytes.NewReader(body)))
	columns, err := binary.ReadUvarint(r)
	if err != nil {
		return fmt.Errorf("reading the number of columns: %w", err)
	}
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return fmt.Errorf("reading the number of rows: %w", err)
	}
	if columns == 0 || n != uint64(rows) {
		return fmt.Errorf("the body has %d columns and %d rows, the header says %d rows", columns, n, rows)
	}
	if _, err := io.Copy(io.Discard, r); err != nil && !errors.Is(err, io.EOF) { // the reader wraps its end
		return fmt.Errorf("decompressing: %w", err)
	}
	return nil
}
