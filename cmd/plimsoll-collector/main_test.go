package main

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExecute(t *testing.T) {
	if code := execute(t.Context(), []string{"version", "--no-such-flag"}); code != exitUsage {
		t.Errorf("exit %d, want %d", code, exitUsage)
	}
	if code := execute(t.Context(), []string{"validate", "--config", "yaml:receivers::none: {}"}); code != exitBadData {
		t.Errorf("exit %d, want %d", code, exitBadData)
	}
}
