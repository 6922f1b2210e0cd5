package wire_test

import (
	"testing"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// perMessage is how many entries the messages of the benchmarks hold.
const perMessage = 16

func benchMessage(b *testing.B) []byte {
	entries := make([]*datav3.HTTPAccessLogEntry, perMessage)
	for i := range entries {
		entries[i] = alstest.Outbound()
	}
	message := marshal(b, alstest.Message(nil, entries...))
	b.SetBytes(int64(len(message)))
	return message
}

func report(b *testing.B) {
	b.ReportMetric(float64(b.N)*perMessage/b.Elapsed().Seconds(), "entries/s")
	b.ReportAllocs()
}

// BenchmarkDecode walks over a message of 16 outbound entries.
func BenchmarkDecode(b *testing.B) {
	message := benchMessage(b)
	var entry wire.Entry
	for b.Loop() {
		c := wire.NewCursor(message)
		for kind, data, err := c.Next(); kind != wire.End; kind, data, err = c.Next() {
			if err != nil || entry.Decode(data) != nil {
				b.Fatal("malformed")
			}
		}
	}
	report(b)
}

// BenchmarkGenerated is what the generated decoder needs for the same.
func BenchmarkGenerated(b *testing.B) {
	message := benchMessage(b)
	for b.Loop() {
		var m servicev3.StreamAccessLogsMessage
		if err := proto.Unmarshal(message, &m); err != nil {
			b.Fatal(err)
		}
	}
	report(b)
}
