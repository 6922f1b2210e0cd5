package relay

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// Paths of the protocol.
const (
	BlocksPath = "/v1/blocks" // POST: a block
	AboutPath  = "/v1/about"  // GET: About, as JSON
)

// Headers of a block. All are required.
const (
	HeaderToken   = "Plimsoll-Token"
	HeaderTable   = "Plimsoll-Table"
	HeaderSchema  = "Plimsoll-Schema"
	HeaderRows    = "Plimsoll-Rows"
	HeaderCreated = "Plimsoll-Created" // microseconds since 1970 UTC
	HeaderCRC     = "Plimsoll-Crc32c"  // see CRC, eight hex digits
)

// contentType says what a body is.
const contentType = "application/vnd.plimsoll.block"

// About is what a receiver tells of itself.
type About struct {
	Schema uint32 `json:"schema"` // the newest schema id that it takes
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC is the CRC-32C (Castagnoli) of all that a block says: token, table,
// schema id, rows and time, each as in its header and followed by a line feed,
// then the body. The token covers the body alone. The shard does not travel: the
// receiver has its own.
func CRC(b wal.Block) uint32 {
	text := fmt.Sprintf("%s\n%s\n%d\n%d\n%d\n", b.Token, b.Table, b.Schema, b.Rows, b.Created.UnixMicro())
	return crc32.Update(crc32.Checksum([]byte(text), castagnoli), castagnoli, b.Body)
}

// WriteHeader puts all but the body of a block into headers.
func WriteHeader(h http.Header, b wal.Block) {
	h.Set("Content-Type", contentType)
	h.Set(HeaderToken, b.Token)
	h.Set(HeaderTable, b.Table)
	h.Set(HeaderSchema, strconv.FormatUint(uint64(b.Schema), 10))
	h.Set(HeaderRows, strconv.FormatUint(uint64(b.Rows), 10))
	h.Set(HeaderCreated, strconv.FormatInt(b.Created.UnixMicro(), 10))
	h.Set(HeaderCRC, fmt.Sprintf("%08x", CRC(b)))
}

// ReadHeader reads what headers say of a block, and the CRC that it should
// have. An error is a *Refusal.
func ReadHeader(h http.Header) (b wal.Block, crc uint32, err error) {
	n := numbers{h: h}
	b = wal.Block{
		Token: h.Get(HeaderToken), Table: h.Get(HeaderTable),
		Schema: uint32(n.read(HeaderSchema, 10, 32)), Rows: uint32(n.read(HeaderRows, 10, 32)),
		Created: time.UnixMicro(int64(n.read(HeaderCreated, 10, 63))).UTC(),
	}
	crc = uint32(n.read(HeaderCRC, 16, 32))
	return b, crc, n.err
}

// numbers reads headers that hold numbers, and keeps the first error.
type numbers struct {
	h   http.Header
	err error
}

func (n *numbers) read(name string, base, bits int) uint64 {
	v, err := strconv.ParseUint(n.h.Get(name), base, bits)
	if err != nil && n.err == nil {
		n.err = unfit("header %s: %.40q is not a number of base %d below 2^%d", name, n.h.Get(name), base, bits)
	}
	return v
}
