// Package ingest carries records to the store: typed columns, sealed blocks,
// and a sender that does not give up.
//
// The way of a row: Pipeline.Request copies a record into the columns of the
// open block of its table (requests.go, attempts.go, heartbeats.go). A block
// is sealed when it has BlockRows rows, maxBlockBytes bytes, or when the clock
// ticks (BlockAge). A sealed block is the body of its insert, encoded once:
// ClickHouse's Native format in ClickHouse's LZ4 framing (seal.go). It goes to
// the log (log.go), from where the lane of its table and shard posts it until
// the store has answered 200 (lane.go, insert.go).
//
// The log is a directory if Config.WAL names one (disklog.go, package wal): a
// block that is in it outlives the process, and is sent by the next. Commit says
// when rows are that safe. Without a directory the log is memory, and a crash
// costs what was not stored yet: about a second of rows while the store answers,
// up to MaxPending bytes while it does not.
//
// Exactly once: the insert carries a token made of the pipeline's random id,
// the block's number and a hash of its bytes, and the tables remember the
// tokens of recent inserts. So a block whose answer was lost is sent again
// without harm. When that was so long ago that the tables may have forgotten,
// they are asked for the block by its id, which every row holds (block_id), and
// what is missing is filled in (reconcile.go). What cannot be told is not
// guessed: the block goes into quarantine.
//
// With several servers (shards.go) a block belongs to one shard for its life, by
// its token, and the replicas of that are tried in turn.
//
// What is never done: rows are not dropped in silence. When the log is full, the
// callers of Request and Attempt wait, which the proxies feel as flow control. A
// block that the store refuses for its own content is cut in two (split.go); a
// half that is refused again goes into quarantine: written to Config.Quarantine,
// counted and logged; the blocks behind it go on.
//
// What is promised, by kind of failure, once Commit has returned: a crash of the
// process or of the store, an insert without answer, a store that is away for any
// time: each row once, in the raw table and in the rollups. A power failure: the
// same, if the log and the tables sync (WALConfig, fsync_after_insert); blocks of
// the ten minutes before are looked for at the next start. A log that is removed:
// what was not stored in it is lost, nothing else. Rows before Commit may be
// stored or lost, never twice.
//
// The pipeline says itself how far it is: once per BlockAge it notes the time
// T, seals everything open, and when all of that is stored, writes a heartbeat
// with complete_through = T. While callers wait for room no T is noted, since
// rows of that time are then still in the proxies. Shutdown keeps to the same rule
// for its last one.
package ingest
