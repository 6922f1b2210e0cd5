// Package relaytest makes blocks for tests of the relay: well-formed inserts of a
// single column, small enough to be told apart by their bytes.
package relaytest

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Created is when the blocks were sealed.
var Created = time.Date(2026, 3, 1, 12, 0, 0, 123_456_000, time.UTC)

// Block returns a block of table "requests_in" whose rows hold the number.
func Block(t testing.TB, number uint64, rows int) wal.Block {
	t.Helper()
	return Named(t, "requests_in", number, rows)
}

// Named is Block for another table.
func Named(t testing.TB, table string, number uint64, rows int) wal.Block {
	t.Helper()
	body := Frames(t, Native(rows, number))
	var id [16]byte
	binary.BigEndian.PutUint64(id[8:], number)
	return wal.Block{
		Token: wal.Token(id, body), Table: table, Schema: schema.Version, Rows: uint32(rows), Created: Created, Body: body,
	}
}

// Native returns a Native block of one column of UInt64.
func Native(rows int, value uint64) []byte {
	var b proto.Buffer
	b.PutUVarInt(1)
	b.PutUVarInt(uint64(rows))
	b.PutString("code")
	b.PutString("UInt64")
	for range rows {
		b.PutUInt64(value)
	}
	return b.Buf
}

// Frames puts bytes into frames of at most 1 MiB, as a sealed block has them.
func Frames(t testing.TB, data []byte) (body []byte) {
	t.Helper()
	w := compress.NewWriter(compress.LevelZero, compress.LZ4)
	for len(data) > 0 {
		n := min(len(data), 1<<20)
		if err := w.Compress(data[:n]); err != nil {
			t.Fatal(err)
		}
		body = append(body, w.Data...)
		data = data[n:]
	}
	return body
}
