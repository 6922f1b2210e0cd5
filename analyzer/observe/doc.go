// Package observe shows single requests: rows as they land, and one call with
// all that is known about it.
//
// # Every row once
//
// The stream follows the watermark. Each round it sends the rows that completed
// in [frontier, watermark), in order, and moves the frontier. Rows that land
// later than that (a collector that was silent comes back) are found by their
// block: every row carries the id of the sealed block that brought it, and a
// block becomes visible as a whole and never changes. So the cursor is the
// frontier and the set of blocks seen:
//
//  1. list the blocks that have matching rows behind the watermark;
//  2. read the rows of [frontier, watermark), and those before the frontier
//     whose block is not in the set; rows of blocks that are not in the list of
//     step 1 are left for the next round, in which they are new;
//  3. the listed blocks join the set.
//
// Rows that land up to LateFor after their completion are sent, marked late.
// What lands later still is in the store, but not in the stream.
//
// # More rows than a reader wants
//
// A round sends at most max_rate rows for each second it covers, a uniform
// sample of calls (all vantages of a call together), and then says how many it
// left out, which the list of blocks counts exactly. A slow reader slows the rounds
// down: the next covers more time, and no more rows than its share.
//
// # How to read it
//
// filter.go (what is asked, as SQL), cursor.go (which rows are due, pure),
// stream.go (the rounds), store.go (what is read), open.go and moments.go (one
// call), service.go (Connect).
package observe
