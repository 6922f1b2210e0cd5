package ingest

import (
	"context"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
)

// store is where the blocks go: servers of ClickHouse, or a central collector.
type store struct {
	migrate func(context.Context) error // also makes ready for post
	post    func(context.Context, *sealed) error
	// reconcile finds out whether the store has a block whose token its tables
	// may have forgotten, and completes one that it has in part. It returns
	// whether the store has the block now. nil: the store cannot be asked.
	reconcile func(context.Context, *sealed) (has bool, err error)
	// untouched returns nil if no table has taken any of a block that was
	// refused. nil: the store cannot be asked.
	untouched func(context.Context, *sealed) error
	close     func()

	shards   uint32        // 0 is 1
	askAfter time.Duration // how long a token is relied on
}

// askAfter is below what the tables' memory of tokens spans: 10,000 inserts of a
// plain table are 80 a second for two minutes, a replicated one remembers for
// seven days (schema/rendering.go).
const askAfter = 2 * time.Minute

// width is the number of shards.
func (s store) width() uint32 { return max(1, s.shards) }

func newStore(cfg Config) (store, error) {
	if relay.Is(cfg.DSN) {
		return relayStore(cfg.DSN)
	}
	in, err := newInserter(cfg.DSN)
	if err != nil {
		return store{}, err
	}
	in.options = cfg.Schema
	in.options.Rendering = in.rendering
	return store{
		migrate: in.prepare, post: in.post, reconcile: in.reconcile, untouched: in.untouched, close: in.close,
		shards: uint32(len(in.shards)), askAfter: askAfter,
	}, nil
}

// relayStore sends blocks to a central collector. That reconciles for itself:
// it takes the time at which a block was sealed for when it may first have been
// sent.
func relayStore(dsn string) (store, error) {
	c, err := relay.NewClient(dsn)
	if err != nil {
		return store{}, err
	}
	return store{
		migrate: c.Check, close: c.Close,
		post: func(ctx context.Context, b *sealed) error { return c.Post(ctx, b.walBlock()) },
	}, nil
}
