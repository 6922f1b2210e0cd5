// Package wal keeps sealed blocks on disk from the moment they are acknowledged
// until they are stored, and ten minutes longer.
//
// A log is a directory of segment files, a checkpoint and a lock; FORMAT.md is
// the specification of their bytes. Append returns when the block is on disk;
// those who append at the same time share one fsync (commit.go). Done says that
// a block is stored; Tick writes that into the checkpoint and deletes segments
// that have served (retain.go). Open reads what a crash left: a torn tail is
// cut off, a damaged record is put aside into the folder quarantine, and both are
// counted (scan.go, recover.go).
//
// Two rules make it safe. A record is acknowledged only after an fsync that
// succeeded; when one fails, nothing is known about the pages that it was to
// write, so the file is cut back to what an earlier fsync covered and everything
// unacknowledged is written again to a new segment. And a block's bytes are
// never changed: what Read returns is what Append was given, or an error.
//
// ReadOnly reads a log from beside the process that holds it (readonly.go).
//
// The files are reached through FS, so that tests can fail every step
// (package waltest).
package wal
