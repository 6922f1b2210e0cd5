// Package ingest carries records to the store: typed columns, sealed blocks,
// and a sender that does not give up.
//
// The way of a row: Pipeline.Request copies a record into the columns of the
// open block of its table (requests.go, attempts.go, heartbeats.go). A block
// is sealed when it has BlockRows rows, maxBlockBytes bytes, or when the clock
// ticks (BlockAge). A sealed block is the body of its insert, encoded once:
// ClickHouse's Native format in ClickHouse's LZ4 framing (seal.go). It goes to
// the log (log.go), from where the lane of its table posts it until the store
// has answered 200 (lane.go, insert.go).
//
// Exactly once: the insert carries a token made of the pipeline's random id,
// the block's number and a hash of its bytes, and the tables remember the
// tokens of recent inserts. So a block whose answer was lost is sent again
// without harm. Every row holds the id of its block (block_id), by which a
// block can be looked for in the store.
//
// What is never done: rows are not dropped in silence. When MaxPending bytes
// wait to be stored, the callers of Request and Attempt wait too, which the
// proxies feel as flow control. A block that the store refuses for its own
// content is put into quarantine: written to Config.Quarantine if that is set,
// counted and logged; the blocks behind it go on.
//
// What a crash of the process costs today: the log is kept in memory, so all
// rows that were handed over but not yet stored are lost. With a store that
// answers, that is what arrived during the last BlockAge and the insert under
// way, about a second; with a store that is down, up to MaxPending bytes of
// sealed blocks. The proxies' counters show the loss as incompleteness. The
// interface blockLog is the seam at which a write-ahead log takes its place.
//
// The pipeline says itself how far it is: once per BlockAge it notes the time
// T, seals everything open, and when all of that is stored, writes a heartbeat
// with complete_through = T. While callers wait for room no T is noted, since
// rows of that time are then still in the proxies. Shutdown keeps to the same rule
// for its last one.
package ingest
