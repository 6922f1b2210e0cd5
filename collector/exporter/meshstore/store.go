package meshstore

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// Store is where records go. The methods that take one copy what they keep, may
// be called from several goroutines, and wait while there is no room.
type Store interface {
	Span(s *record.Span)
	Log(l *record.Log)
	Request(r *record.Request)
	Attempt(a *record.Attempt)
	Flow(f *record.Flow)
	EdgeSample(s *record.EdgeSample)
	ProxyStat(s *record.ProxyStat)

	// Room tells whether a record would be taken without waiting.
	Room() bool

	// Commit waits until what was handed over before the call is durable. An
	// error that is permanent (consumererror.IsPermanent) says that it never
	// will be; after any other, the sender may send it again.
	Commit(ctx context.Context) error
}

// findStore looks the store up among the running extensions.
func findStore(host component.Host, id component.ID) (Store, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("finding store %q: no such extension; add it to extensions and to service::extensions", id)
	}
	store, ok := extension.(Store)
	if !ok {
		return nil, fmt.Errorf("finding store %q: this extension cannot store records; name one of type meshstore", id)
	}
	return store, nil
}
