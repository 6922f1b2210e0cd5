package ingest

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain becomes a collector when a crash test has started the binary as one.
func TestMain(m *testing.M) {
	if os.Getenv(crashEnv) != "" {
		os.Exit(crashCollector())
	}
	goleak.VerifyTestMain(m)
}
