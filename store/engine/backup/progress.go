package backup

import (
	"context"
	"sync"
	"time"
)

// Progress is how far a backup or restore is.
type Progress struct {
	Step  string // "backing up", "restoring", "checking TABLE", …
	Done  int64  // bytes
	Total int64  // bytes; 0 is not known
}

// progressInterval is the pause between two reports.
const progressInterval = 500 * time.Millisecond

// during runs work and reports what look sees, until work ends.
func (b *Backups) during(ctx context.Context, look func(context.Context) Progress, work func() error) error {
	if b.Progress == nil {
		return work()
	}
	b.Progress(look(ctx))
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-watching.Done():
				return
			case <-ticker.C:
				b.Progress(look(watching))
			}
		}
	})
	err := work()
	stop()
	watch.Wait()
	return err
}

// step reports the begin of a step that cannot be measured.
func (b *Backups) step(what string) {
	if b.Progress != nil {
		b.Progress(Progress{Step: what})
	}
}
