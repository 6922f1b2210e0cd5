package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestPeersAreNotConfused: names of which one was looked up before with others,
// in whatever order, within a block, over blocks, and when a column forgets.
func TestPeersAreNotConfused(t *testing.T) {
	g := newGenerator(seed(t), time.Now())
	var peers []record.Peer
	for i := range 3 * recentPeers { // so that places are shared
		p := record.Peer{ID: fmt.Sprint("id", i%recentPeers), Service: fmt.Sprint("s", i%7), Version: fmt.Sprint("v", i%5), Principal: fmt.Sprint("p", i)}
		peers = append(peers, p)
	}
	set := &requestColumns{}
	for block := range 3 {
		var records []*record.Request
		for range 2000 {
			src := peers[g.rng.IntN(len(peers))]
			records = append(records, &record.Request{Src: src, Dst: peers[g.rng.IntN(len(peers))]}, &record.Request{Src: src, Dst: src})
		}
		got := decode(t, sealedBy(t, set, records...).body)
		for i, r := range records {
			row := got.text(t, i)
			for name, value := range peerRow("src", r.Src).with(peerRow("dst", r.Dst)) {
				if row[name] != textOf(value) {
					t.Fatalf("block %d, row %d: %s = %s, want %v", block, i, name, row[name], value)
				}
			}
		}
		if block == 1 {
			forget(&set.src.service)
			forget(&set.dst.id)
		}
	}
}

// forget makes a column drop what it knows, as one with too many names does.
func forget(c *lowCard) {
	for i := range maxInterned + 1 {
		c.append(fmt.Sprint("many", i))
	}
	c.Reset()
}

// TestPeersAreCopied: the buffer that a peer's names were borrowed from may
// change.
func TestPeersAreCopied(t *testing.T) {
	var c peerColumns
	buffer := []byte("first")
	c.append(&record.Peer{ID: borrow(buffer), Service: borrow(buffer)})
	copy(buffer, "other")
	c.append(&record.Peer{ID: borrow(buffer), Service: borrow(buffer)})
	for name, column := range map[string]*lowCard{"id": &c.id, "service": &c.service} {
		if got := readLowCard(t, column); got[0] != "first" || got[1] != "other" {
			t.Errorf("%s = %q", name, got)
		}
	}
}
