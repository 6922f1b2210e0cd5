package httpd

import (
	"errors"
	"io"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// stream sends a result chunk by chunk, so that neither side holds it whole.
func stream(conn *pool.Conn, req *request, out *output, stats *chdb.Stats) (err error) {
	s, err := conn.Stream(req.statement.Text, req.resultFormat(), req.params)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for {
		chunk, err := s.Next()
		if errors.Is(err, io.EOF) {
			return out.finish()
		}
		if err != nil {
			return err
		}
		addChunk(stats, chunk.Stats())
		_, err = out.Write(chunk.Bytes())
		chunk.Close()
		if err := errors.Join(err, out.flush()); err != nil {
			return err
		}
	}
}

// addChunk adds a chunk's rows; what was read from storage is a running total.
func addChunk(total *chdb.Stats, chunk chdb.Stats) {
	total.ReadRows = max(total.ReadRows, chunk.ReadRows)
	total.ReadBytes = max(total.ReadBytes, chunk.ReadBytes)
	total.ResultRows += chunk.ResultRows
	total.ResultBytes += chunk.ResultBytes
}

// query runs any statement that is neither streamed nor followed by data.
func query(conn *pool.Conn, req *request, out *output, stats *chdb.Stats) error {
	result, err := conn.Query(req.statement.Text, req.resultFormat(), req.params)
	if err != nil {
		return err
	}
	defer result.Close()
	*stats = result.Stats()
	if _, err := out.Write(result.Bytes()); err != nil {
		return err
	}
	return out.finish()
}
