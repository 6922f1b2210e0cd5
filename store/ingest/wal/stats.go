package wal

import "time"

// Stats is what a log holds and did.
type Stats struct {
	Blocks int       // that are not done
	Rows   int       // in them
	Bytes  int64     // of their bodies
	Oldest time.Time // when the oldest of them was sealed; zero without any

	Segments  int
	DiskBytes int64 // of the segments

	Appended uint64        // blocks
	Syncs    uint64        // fsyncs that succeeded
	SyncTime time.Duration // of all of them
	LastSync time.Duration
	Failures uint64 // writes and fsyncs that failed

	Recovery Recovery
}

// Recovery is what Open found.
type Recovery struct {
	Blocks         int   // that are not done
	Done           int   // kept, and done
	Torn           int   // tails that were cut off
	TornBytes      int64 //
	Damaged        int   // parts put into quarantine
	DamagedBytes   int64 //
	LostCheckpoint bool  // the checkpoint was damaged: blocks that are done are given again
	Rebooted       bool  // the machine has started since the last checkpoint
}

// counters is the living form of Stats, guarded by Log.mu.
type counters struct {
	blocks, rows    int
	bytes           int64
	appended, syncs uint64
	syncTime, last  time.Duration
	failures        uint64
	recovery        Recovery
}

func (c *counters) added(e *Entry) {
	c.appended++
	c.hold(e)
}

func (c *counters) hold(e *Entry) {
	c.blocks++
	c.rows += int(e.Rows)
	c.bytes += int64(e.Bytes)
}

func (c *counters) done(e *Entry) {
	c.blocks--
	c.rows -= int(e.Rows)
	c.bytes -= int64(e.Bytes)
}

func (c *counters) synced(d time.Duration) {
	c.syncs++
	c.syncTime += d
	c.last = d
}

// Stats returns what the log holds and did.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.stats
	s := Stats{
		Blocks: c.blocks, Rows: c.rows, Bytes: c.bytes, Segments: len(l.segments),
		Appended: c.appended, Syncs: c.syncs, SyncTime: c.syncTime, LastSync: c.last, Failures: c.failures, Recovery: c.recovery,
	}
	for _, seg := range l.segments {
		s.DiskBytes += seg.size
	}
	s.Oldest = l.oldest()
	return s
}

// oldest returns when the first block that is not done was sealed.
func (l *Log) oldest() time.Time {
	for _, s := range l.segments {
		if s.open == 0 {
			continue
		}
		for _, e := range s.entries {
			if !e.done {
				return e.Created
			}
		}
	}
	return time.Time{}
}
