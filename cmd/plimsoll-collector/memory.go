package main

import (
	"os"
	"runtime/debug"
)

// The defaults of the Go runtime's memory here. A collector that is idle most of
// the time pays for its live heap, a few MiB, and for what the collector of
// garbage lets grow above that: half as much again instead of the usual double.
// The limit makes garbage collection work harder before a machine of proxies
// has to; it is no bound on what the WAL and the open blocks need.
const (
	gcPercent   = 50
	memoryLimit = 160 << 20 // bytes
)

// limitMemory sets the defaults where the environment does not say otherwise
// (GOGC, GOMEMLIMIT).
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
