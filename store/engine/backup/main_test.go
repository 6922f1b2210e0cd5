package backup_test

import (
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func formatted(n uint64) string { return strconv.FormatUint(n, 10) }

// kill ends the engine's child as a crash does; its supervisor starts another.
func (r rig) kill(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(r.engine.PID(t), syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}
