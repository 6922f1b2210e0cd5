package httpd

import (
	"encoding/binary"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// helloStatement is what clickhouse-go asks first on every connection.
const helloStatement = "SELECT displayName(), version(), revision(), timezone()"

// asksHello reports the handshake of a client that announces a protocol revision.
func asksHello(req *request) bool {
	return req.values.Get("client_protocol_version") != "" && strings.TrimSpace(req.statement.Text) == helloStatement
}

// hello answers the handshake by hand. The client reads this one block by its own
// revision, which has block info and a serialization byte per column; from it
// the client learns that the server's revision is 0, and reads every later block
// as the plain Native that the engine writes.
func (h *Handler) hello(out *output) error {
	facts := h.pool.Facts()
	b := &proto.Buffer{}
	b.Buf = append(b.Buf,
		1, 0, // field 1, is_overflows: false
		2, 0xff, 0xff, 0xff, 0xff, // field 2, bucket_num: -1
		0) // end of block info
	b.PutUVarInt(4) // columns
	b.PutUVarInt(1) // rows
	column := func(name, typeName string) {
		b.PutString(name)
		b.PutString(typeName)
		b.PutByte(0) // no custom serialization
	}
	column("displayName()", "String")
	b.PutString(facts.DisplayName)
	column("version()", "String")
	b.PutString(facts.Version)
	column("revision()", "UInt32")
	b.Buf = binary.LittleEndian.AppendUint32(b.Buf, 0)
	column("timezone()", "String")
	b.PutString(facts.Timezone)
	if _, err := out.Write(b.Buf); err != nil {
		return err
	}
	return out.finish()
}
