package meshmetrics

import (
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// Sink is where rows go. The methods copy what they keep, may be called from
// several goroutines, and block while the store has no room: then scrapes are
// late, and what they grew over is longer.
type Sink interface {
	ProxyStat(s *record.ProxyStat)
	EdgeSample(s *record.EdgeSample)
}

// findSink looks the store up among the running extensions.
func findSink(host component.Host, id component.ID) (Sink, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("finding store %q: no such extension; add it to extensions and to service::extensions", id)
	}
	sink, ok := extension.(Sink)
	if !ok {
		return nil, fmt.Errorf("finding store %q: this extension cannot store rows; name one of type meshstore", id)
	}
	return sink, nil
}
