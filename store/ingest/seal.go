package ingest

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// frameBytes is how much of a block one compressed frame holds. Above, the
// compressor works outside of the processor's nearer cache: a mebibyte takes a
// sixth longer and is a hundredth smaller.
const frameBytes = 256 << 10

// sealed is a block that will not change any more: the body of its insert.
type sealed struct {
	table string
	seq   uint64 // number of the block in this pipeline, from 1
	rows  int
	body  []byte // Native, in LZ4 frames of ClickHouse
	token string // insert_deduplication_token

	shard   uint32    // of the store, by the token
	schema  uint32    // schema.Version of the program that sealed it
	created time.Time // when it was sealed

	part    bool       // a half of a block that the store refused
	halves  []*sealed  // of this one, in the log but not given out yet
	unsure  time.Time  // since when the store may have it; zero: it has not
	suspect bool       // it was stored before the machine started again
	entry   *wal.Entry // place in the log on disk; nil in memory
	damaged error      // why the log on disk does not give its body back
}

// blockID returns the id that the rows of a block carry: the pipeline's random
// id followed by the block's number, both eight bytes, big-endian.
func blockID(pipeline, seq uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:8], pipeline)
	binary.BigEndian.PutUint64(id[8:], seq)
	return id
}

// encoder turns columns into the body of an insert. Its buffers are used again
// for the next block.
type encoder struct {
	native proto.Buffer
	frames *compress.Writer
	last   int // length of the last body
}

func newEncoder() *encoder {
	return &encoder{frames: compress.NewWriter(compress.LevelZero, compress.LZ4)}
}

// encode returns the columns as one Native block in LZ4 frames. The bytes
// belong to the caller.
func (e *encoder) encode(t schema.Table, columns []column, rows int) ([]byte, error) {
	e.native.Reset()
	e.native.PutUVarInt(uint64(len(columns)))
	e.native.PutUVarInt(uint64(rows))
	for i, c := range columns {
		if c.Rows() != rows {
			return nil, fmt.Errorf("sealing a block of %s: column %s has %d rows of %d", t.Name, t.Columns[i].Name, c.Rows(), rows)
		}
		e.native.PutString(t.Columns[i].Name)
		e.native.PutString(t.Columns[i].Type)
		encodeState(&e.native, c)
		c.EncodeColumn(&e.native)
	}
	return e.compress()
}

func (e *encoder) compress() ([]byte, error) {
	body := make([]byte, 0, e.last+e.last/8) // blocks are about as large as the one before
	for rest := e.native.Buf; len(rest) > 0; {
		n := min(len(rest), frameBytes)
		if err := e.frames.Compress(rest[:n]); err != nil {
			return nil, fmt.Errorf("compressing a block: %w", err)
		}
		body = append(body, e.frames.Data...)
		rest = rest[n:]
	}
	e.last = len(body)
	return body, nil
}
