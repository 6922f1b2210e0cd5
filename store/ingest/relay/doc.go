// Package relay carries sealed blocks from a collector beside the proxies to a
// central one, which sends them on to the store: the protocol's two halves, and
// what a block must pass before the second collector promises anything for it.
//
// A block travels as it is: the body is the body of its insert, byte for byte,
// and its token stays the same all the way into the tables. So "exactly once"
// needs no agreement between the two collectors: a block that is sent again, for
// an answer that was lost anywhere on the way, ends at the store's memory of
// tokens. The central collector answers 200 when the block is in its own
// write-ahead log; only then does the sender forget it.
//
// Reading order: block.go (a block, and its headers), check.go with
// frames.go (what is verified), answer.go (answers, and what a sender makes of
// them), endpoint.go (addresses), client.go (the sending half). The receiving
// half is collector/receiver/blockrelay. The protocol is written down in
// docs/formats.md.
package relay
