package wal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

// The layout of FORMAT.md.
const (
	segmentMagic = "plimwal\n"
	version      = 1
	headerBytes  = 32

	marker       = "\xf1WAL"
	prefixBytes  = 12 // marker, length, checksum
	fixedBytes   = 31 // of a payload, before the names
	minPayload   = fixedBytes + 2
	maxPayload   = 1 << 28
	segmentDigit = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is what a segment begins with.
type header struct {
	id     uint64 // of the log that wrote it
	number uint64
}

func (h header) encode() []byte {
	b := make([]byte, 0, headerBytes)
	b = append(b, segmentMagic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, h.id)
	b = binary.LittleEndian.AppendUint64(b, h.number)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var errHeader = errors.New("no segment header of version 1")

func decodeHeader(b []byte) (h header, err error) {
	if len(b) < headerBytes || string(b[:8]) != segmentMagic || binary.LittleEndian.Uint32(b[8:]) != version ||
		binary.LittleEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], castagnoli) {
		return h, errHeader
	}
	return header{id: binary.LittleEndian.Uint64(b[12:]), number: binary.LittleEndian.Uint64(b[20:])}, nil
}

// checksum is that of a record at the offset.
func (h header) checksum(offset int64, payload ...[]byte) uint32 {
	var place [28]byte
	binary.LittleEndian.PutUint64(place[0:], h.id)
	binary.LittleEndian.PutUint64(place[8:], h.number)
	binary.LittleEndian.PutUint64(place[16:], uint64(offset))
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	binary.LittleEndian.PutUint32(place[24:], uint32(n))
	crc := crc32.Checksum(place[:], castagnoli)
	for _, p := range payload {
		crc = crc32.Update(crc, castagnoli, p)
	}
	return crc
}

// encodeBlock returns what stands in front of the block's body in its record.
func (h header) encodeBlock(b *Block, seq uint64, offset int64) []byte {
	head := make([]byte, prefixBytes, prefixBytes+fixedBytes+len(b.Table)+len(b.Token))
	head = binary.LittleEndian.AppendUint64(head, seq)
	head = binary.LittleEndian.AppendUint64(head, uint64(b.Created.UnixMicro()))
	head = binary.LittleEndian.AppendUint32(head, b.Schema)
	head = binary.LittleEndian.AppendUint32(head, b.Shard)
	head = binary.LittleEndian.AppendUint32(head, b.Rows)
	head = append(head, byte(len(b.Table)))
	head = binary.LittleEndian.AppendUint16(head, uint16(len(b.Token)))
	head = append(head, b.Table...)
	head = append(head, b.Token...)
	copy(head, marker)
	binary.LittleEndian.PutUint32(head[4:], uint32(len(head)-prefixBytes+len(b.Body)))
	binary.LittleEndian.PutUint32(head[8:], h.checksum(offset, head[prefixBytes:], b.Body))
	return head
}

var errPayload = errors.New("names longer than the record")

// decodePayload reads a payload whose checksum is right. The body is a part
// of it.
func decodePayload(p []byte) (seq uint64, b Block, err error) {
	if len(p) < minPayload {
		return 0, b, errPayload
	}
	seq = binary.LittleEndian.Uint64(p)
	b.Created = time.UnixMicro(int64(binary.LittleEndian.Uint64(p[8:]))).UTC()
	b.Schema = binary.LittleEndian.Uint32(p[16:])
	b.Shard = binary.LittleEndian.Uint32(p[20:])
	b.Rows = binary.LittleEndian.Uint32(p[24:])
	table, token := int(p[28]), int(binary.LittleEndian.Uint16(p[29:]))
	rest := p[fixedBytes:]
	if table+token > len(rest) {
		return 0, b, errPayload
	}
	b.Table, b.Token, b.Body = string(rest[:table]), string(rest[table:table+token]), rest[table+token:]
	return seq, b, nil
}
