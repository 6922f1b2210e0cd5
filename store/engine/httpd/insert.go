package httpd

import (
	"io"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// insertChunk is how much of a body is handed to the engine at once, in bytes.
const insertChunk = 256 << 10

// insert streams the body into the engine. Only a body that came to its regular
// end is committed; any other error drops the insert as a whole.
func insert(conn *pool.Conn, req *request, out *output, stats *chdb.Stats) error {
	in, err := conn.Insert(req.statement.Head, req.statement.Format, req.params)
	if err != nil {
		return err
	}
	defer in.Close() // cancels what Done has not committed
	if err := appendAll(in, req.data); err != nil {
		return err
	}
	if *stats, err = in.Done(); err != nil {
		return err
	}
	return out.finish()
}

func appendAll(in *chdb.Insert, data io.Reader) error {
	buffer := make([]byte, insertChunk)
	for {
		n, readErr := data.Read(buffer)
		if err := in.Append(buffer[:n]); err != nil {
			return err
		}
		if readErr == nil {
			continue
		}
		if atEnd(readErr) {
			return nil
		}
		return readError(readErr)
	}
}
