package relay

import (
	"slices"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// maxRows is above what a pipeline seals and below what the store would cut into
// several inserts, each with a fate of its own.
const maxRows = 1 << 19

// CheckHeader refuses a block for what its headers say, before its body is
// read. An error is a *Refusal.
func CheckHeader(b wal.Block) error {
	switch {
	case !known(b.Table):
		return unfit("table %.80q is not known", b.Table)
	case b.Schema > schema.Version:
		return newer(b.Schema, schema.Version)
	case b.Schema == 0:
		return unfit("schema 0: want 1 or more")
	case b.Rows < 1 || b.Rows > maxRows:
		return unfit("%d rows: want 1 to %d", b.Rows, maxRows)
	}
	return nil
}

// CheckBody refuses a block that is not what it was when it was sealed. What
// passes is a whole insert of so many rows, and its token is its own. An error
// is a *Refusal.
func CheckBody(b wal.Block, crc uint32) error {
	if len(b.Body) == 0 {
		return unfit("the body is empty")
	}
	if sum := CRC(b); sum != crc {
		return unfit("the CRC-32C is %08x, the header says %08x", sum, crc)
	}
	if err := b.Verify(); err != nil {
		return unfit("%v", err)
	}
	if err := checkFrames(b.Body); err != nil {
		return unfit("body: %v", err)
	}
	if err := checkNative(b.Body, b.Rows); err != nil {
		return unfit("body: %v", err)
	}
	return nil
}

func known(table string) bool {
	return slices.ContainsFunc(schema.Tables(), func(t schema.Table) bool { return t.Name == table })
}
