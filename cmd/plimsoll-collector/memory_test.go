package main

import (
	"runtime/debug"
	"testing"
)

func TestLimitMemory(t *testing.T) {
	before, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() {
		debug.SetGCPercent(before)
		debug.SetMemoryLimit(limit)
	})
	for name, test := range map[string]struct {
		gogc, gomemlimit string
		percent          int
		limit            int64
	}{
		"defaults":        {"", "", gcPercent, memoryLimit},
		"the environment": {"100", "1GiB", 100, 1 << 30},
		"only GOGC":       {"80", "", 80, memoryLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", test.gogc)
			t.Setenv("GOMEMLIMIT", test.gomemlimit)
			debug.SetGCPercent(test.percent) // as the runtime does with the environment
			if test.gogc == "" {
				debug.SetGCPercent(100)
			}
			debug.SetMemoryLimit(1 << 30)
			limitMemory()
			if got := debug.SetGCPercent(100); got != test.percent {
				t.Errorf("GC percent %d, want %d", got, test.percent)
			}
			if got := debug.SetMemoryLimit(-1); got != test.limit {
				t.Errorf("memory limit %d, want %d", got, test.limit)
			}
		})
	}
}
