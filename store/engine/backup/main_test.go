package backup_test

import (
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func formatted(n uint64) string { return strconv.FormatUint(n, 10) }
