package blockrelay

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// Sink is where blocks go. Its methods may be called from many goroutines.
type Sink interface {
	// Block takes a block as it is. When it returns nil, the block is durable.
	Block(ctx context.Context, b wal.Block) error
	// Room tells whether Block would return without waiting for the store.
	Room() bool
	// Flush waits until everything that was taken before the call is stored.
	Flush(ctx context.Context) error
}

// findSink looks the store up among the running extensions.
func findSink(host component.Host, id component.ID) (Sink, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("finding store %q: no such extension; add it to extensions and to service::extensions", id)
	}
	sink, ok := extension.(Sink)
	if !ok {
		return nil, fmt.Errorf("finding store %q: this extension cannot store blocks; name one of type meshstore", id)
	}
	return sink, nil
}
