package backup

import (
	"context"
	"time"
)

const (
	// settleLimit is how long an interrupted statement may take to end.
	settleLimit = 20 * time.Second
	settlePause = 50 * time.Millisecond
)

// settle waits until the engine has no backup or restore of that name under way:
// one whose client went is killed, which takes a moment, and until then it may
// still write.
func (c *client) settle(backup string) {
	ctx, cancel := context.WithTimeout(context.Background(), settleLimit)
	defer cancel()
	ticker := time.NewTicker(settlePause)
	defer ticker.Stop()
	for {
		rows, err := c.rows(ctx, "SELECT count() FROM system.backups WHERE status IN ('CREATING_BACKUP', 'RESTORING') AND name = "+quote(file(backup)))
		if err != nil || rows[0][0] == "0" {
			return // what follows meets the error itself
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
