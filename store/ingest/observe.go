package ingest

import "time"

// Observer is told of single events, for what Stats cannot show as it adds up:
// distributions. Its functions are called from many goroutines and must not wait;
// one that is nil is not called.
type Observer struct {
	Sealed func(table string, bytes int)          // a block is in the log; its compressed size
	Stored func(table string, took time.Duration) // an insert succeeded; from its request to its answer
}

func (o Observer) sealed(b *sealed) {
	if o.Sealed != nil {
		o.Sealed(keeps(b.table), len(b.body))
	}
}

func (o Observer) stored(b *sealed, took time.Duration) {
	if o.Stored != nil {
		o.Stored(keeps(b.table), took)
	}
}
