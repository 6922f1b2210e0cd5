package ingest

import (
	"context"
	"slices"

	"github.com/plimsoll-mesh/plimsoll/bench/child"
	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
	"github.com/plimsoll-mesh/plimsoll/bench/suite"
)

// Measurements are all figures of the suite.
func (p *Place) Measurements() []suite.Measurement {
	return []suite.Measurement{p.decode(), p.grpc(), p.contribLogs(), p.spans(), p.steady(), p.size(), p.rollup()}
}

// packed returns the recording with the messages of each stream together, in
// messages of about so many bytes: a busy proxy fills its buffer, the recorded
// ones flushed each half second.
func packed(messages []corpus.Message, bytes int) [][]byte {
	list := slices.Clone(messages)
	slices.SortStableFunc(list, func(a, b corpus.Message) int { return a.Stream - b.Stream })
	var out [][]byte
	for i, m := range list {
		last := len(out) - 1
		if i == 0 || list[i-1].Stream != m.Stream || len(out[last])+len(m.Bytes) > bytes {
			out = append(out, slices.Clone(m.Bytes))
			continue
		}
		out[last] = append(out[last], m.Bytes...) // messages of protobuf merge by being put together
	}
	return out
}

// messageBytes is the size of packed messages: Envoy's default buffer is 16 KiB,
// our own proxies have 1 MiB.
const messageBytes = 128 << 10

// decode measures wire bytes → sealed block, by our decoder and by the generated
// one, on one core.
func (p *Place) decode() suite.Measurement {
	const rounds = 150
	return suite.Measurement{
		Name: "als_decode_core", What: "access log bytes to sealed and compressed block, one core",
		Figures: []suite.Spec{
			{Name: "als_decode_core", Unit: "entries/s", Target: suite.AtLeast(600_000)},
			{Name: "als_decode_vs_generated", Unit: "×", Target: suite.AtLeast(4)},
			{Name: "als_decode_allocs", Unit: "per 1000 rows", Target: suite.AtMost(2)},
		},
		Once: func(ctx context.Context) ([]float64, error) {
			messages := packed(p.corpus.Messages, messageBytes)
			own, err := p.sealed(ctx, messages, "als", rounds)
			if err != nil {
				return nil, err
			}
			generated, err := p.sealed(ctx, messages, "generated", rounds/5)
			if err != nil {
				return nil, err
			}
			return []float64{1 / own.perRow(), generated.perRow() / own.perRow(), 1000 * float64(own.Allocs) / float64(own.Rows)}, nil
		},
	}
}

// sealed runs a part of the collector without a store.
func (p *Place) sealed(ctx context.Context, messages [][]byte, mode string, rounds int) (Cost, error) {
	return spend(ctx, messages, p.Self, "child", mode, child.NoStore, itoa(rounds))
}

// ours runs a part of the collector against the store that discards.
func (p *Place) ours(ctx context.Context, messages [][]byte, mode string, rounds int) (Cost, error) {
	return spend(ctx, messages, p.Self, "child", mode, p.sink.URL+"?database=plimsoll", itoa(rounds))
}
