package wire_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// entrySeeds are entries as Envoy sends them, one with every field, and pieces
// of them whose fields meet in odd ways.
func entrySeeds(tb testing.TB) [][]byte {
	seeds := [][]byte{{}}
	for _, e := range []proto.Message{alstest.Outbound(), alstest.Inbound(), alstest.Try(), alstest.Full()} {
		seeds = append(seeds, marshal(tb, e))
	}
	twice := append(marshal(tb, alstest.Inbound()), marshal(tb, alstest.Full())...) // sub-messages merge
	return append(seeds, twice, append(twice, twice...))
}

func messageSeeds(tb testing.TB) [][]byte {
	id := alstest.Identifier("mesh.request")
	full, http, tcp := marshal(tb, alstest.FullMessage()), marshal(tb, alstest.Message(id, alstest.Inbound())), marshal(tb, alstest.TCPMessage(id, alstest.Connection(), alstest.Arrival(), alstest.FullConnection()))
	return [][]byte{{}, full, http, tcp, append(http, full...), append(tcp, http...)}
}

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// FuzzAgainstGenerated holds Entry.Decode to the generated decoder.
func FuzzAgainstGenerated(f *testing.F) {
	for _, seed := range entrySeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(agreeOnEntry)
}

// FuzzDecode holds the walk over a message and its identifier to the generated
// decoder.
func FuzzDecode(f *testing.F) {
	for _, seed := range messageSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(agreeOnMessage)
}

// FuzzTCPAgainstGenerated holds TCPEntry.Decode to the generated decoder.
func FuzzTCPAgainstGenerated(f *testing.F) {
	for _, e := range []proto.Message{alstest.Connection(), alstest.Arrival(), alstest.FullConnection()} {
		f.Add(marshal(f, e))
	}
	f.Fuzz(agreeOnTCP)
}

// FuzzPeer holds the reading of Structs in the filter state to the generated
// decoder, under all names of the objects, and reads FlatBuffers, which have no
// oracle.
func FuzzPeer(f *testing.F) {
	f.Add(marshal(f, alstest.Workload("shop", "productpage-v1", "productpage", "v1")))
	f.Add(flatNode().buffer())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range []string{"upstream_peer", "wasm.upstream_peer", "downstream_peer", "wasm.downstream_peer"} {
			object := &anypb.Any{TypeUrl: "type.googleapis.com/google.protobuf.Struct", Value: b}
			agreeOnEntry(t, marshal(t, stateEntry(name, object)))
			agreeOnEntry(t, marshal(t, stateEntry(name, alstest.Object(wrapperspb.Bytes(b)))))
		}
	})
}

// TestTruncated cuts the seeds short at every byte: where the rest is still a
// message, both decoders agree, and nothing panics.
func TestTruncated(t *testing.T) {
	for _, seed := range entrySeeds(t)[:5] {
		for n := range seed {
			agreeOnEntry(t, seed[:n:n])
		}
	}
	for _, seed := range messageSeeds(t)[:4] {
		for n := range seed {
			agreeOnMessage(t, seed[:n:n])
		}
	}
}

// TestFlipped damages one byte of an entry at a time.
func TestFlipped(t *testing.T) {
	for _, seed := range entrySeeds(t)[1:4] {
		for i := range seed {
			damaged := append([]byte(nil), seed...)
			damaged[i] ^= 0x55
			agreeOnEntry(t, damaged)
		}
	}
}

// TestNoAllocations is the promise of the package: an entry costs none.
func TestNoAllocations(t *testing.T) {
	message := marshal(t, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound(), alstest.Inbound(), alstest.Try(), alstest.Full()))
	var (
		node  wire.Node
		entry wire.Entry
		n     int
	)
	allocs := testing.AllocsPerRun(100, func() {
		node, n = wire.Node{}, 0
		if found, err := node.Identifier(message); !found || err != nil {
			t.Fatalf("identifier: %t, %v", found, err)
		}
		c := wire.NewCursor(message)
		for kind, b, err := c.Next(); kind != wire.End; kind, b, err = c.Next() {
			if err == nil {
				err = entry.Decode(b)
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	})
	if n != 4 || allocs != 0 {
		t.Errorf("%d entries with %v allocations, want 4 with none", n, allocs)
	}
}
