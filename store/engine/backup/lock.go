package backup

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrBusy is returned while another process backs up or restores.
var ErrBusy = errors.New("another backup or restore is under way")

// lock takes the backup directory for one process: two would stage in the same
// database. The lock belongs to the open directory and ends with the process.
func (b *Backups) lock() (unlock func(), err error) {
	dir, err := os.Open(b.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening backup directory (is it that of the running engine?): %w", err)
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		dir.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w in %s", ErrBusy, b.Dir)
		}
		return nil, fmt.Errorf("locking backup directory %s: %w", b.Dir, err)
	}
	return func() { dir.Close() }, nil
}
