package wal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"
)

// Limits of a block. The body's keeps a record far from the 32 bits of its
// length.
const (
	MaxBody  = 1<<28 - 1<<17
	maxTable = 1<<8 - 1
	maxToken = 1<<16 - 1
)

// Block is a sealed block: the body of an insert and what has to be known to
// send it.
type Block struct {
	Token   string    // names the bytes, see Token
	Table   string    // that the insert names, such as requests_in
	Schema  uint32    // schema.Version of the program that sealed it
	Shard   uint32    // of the store, fixed for the block's life
	Rows    uint32    // number of rows in the body
	Created time.Time // when it was sealed, to the microsecond
	Body    []byte    // Native in LZ4 frames, as it is sent
}

// Token names the bytes of a block: its id and the XXH128 of the body, in hex.
// A store drops an insert whose token it has seen without looking at the data,
// hence the hash.
func Token(id [16]byte, body []byte) string {
	sum := xxh3.Hash128(body).Bytes()
	return hex.EncodeToString(id[:]) + "-" + hex.EncodeToString(sum[:])
}

// ErrToken is returned for a token that does not name the block's bytes.
var ErrToken = errors.New("the token does not name these bytes")

// BlockID returns the id in a token, which every row of the block carries.
func BlockID(token string) (id [16]byte, err error) {
	const digits = 32
	if len(token) < digits+1 || token[digits] != '-' {
		return id, fmt.Errorf("token %.80q: want %d hex digits and a dash: %w", token, digits, ErrToken)
	}
	if _, err := hex.Decode(id[:], []byte(token[:digits])); err != nil {
		return id, fmt.Errorf("token %.80q: %w: %w", token, err, ErrToken)
	}
	return id, nil
}

// Verify tells whether the block's token names its body. Blocks that come from
// elsewhere must pass it: under a false token a store would drop them in
// silence.
func (b *Block) Verify() error {
	id, err := BlockID(b.Token)
	if err != nil {
		return err
	}
	if want := Token(id, b.Body); want != b.Token {
		return fmt.Errorf("token %s, bytes of %s: %w", b.Token, want, ErrToken)
	}
	return nil
}

// check returns why the block cannot be written.
func (b *Block) check() error {
	switch {
	case b.Table == "" || len(b.Table) > maxTable:
		return fmt.Errorf("table name of %d bytes: want 1 to %d", len(b.Table), maxTable)
	case b.Token == "" || len(b.Token) > maxToken:
		return fmt.Errorf("token of %d bytes: want 1 to %d", len(b.Token), maxToken)
	case len(b.Body) > MaxBody:
		return fmt.Errorf("body of %d bytes: want at most %d", len(b.Body), MaxBody)
	}
	return nil
}
