package meshstore

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// stamp returns the moment so long after now.
func stamp(after time.Duration) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(now.Add(after))
}
