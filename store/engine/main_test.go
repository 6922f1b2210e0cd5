package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
)

// supervisorEnv makes the test binary a supervisor over the named directory, so
// that a test can kill one.
const supervisorEnv = "ENGINE_TEST_SUPERVISE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(supervisorEnv); dir != "" {
		os.Exit(supervise(dir, os.Getenv(engine.LibraryEnv)))
	}
	goleak.VerifyTestMain(m)
}

func supervise(dir, library string) int {
	s, err := engine.NewSupervisor(engine.Config{DataDir: dir, Library: library}, []string{os.Args[0]}, slog.Default())
	if err == nil {
		err = s.Run(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
