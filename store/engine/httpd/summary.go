package httpd

import (
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// summary is the value of X-ClickHouse-Summary. A streamed result is counted up
// to the moment its status was sent, as by a server.
func summary(s chdb.Stats, elapsed time.Duration) string {
	return fmt.Sprintf(`{"read_rows":"%d","read_bytes":"%d","written_rows":"%d","written_bytes":"%d",`+
		`"total_rows_to_read":"0","result_rows":"%d","result_bytes":"%d","elapsed_ns":"%d"}`,
		s.ReadRows, s.ReadBytes, s.WrittenRows, s.WrittenBytes, s.ResultRows, s.ResultBytes, elapsed.Nanoseconds())
}
