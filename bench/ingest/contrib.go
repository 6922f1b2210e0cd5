package ingest

import (
	"context"
	"strconv"

	"github.com/plimsoll-mesh/plimsoll/bench/suite"
)

// contribLogs sets our CPU per entry against that of the contrib exporter, fed
// with typed attributes and with the text that the contrib receiver makes.
func (p *Place) contribLogs() suite.Measurement {
	const rounds = 20
	return suite.Measurement{
		Name: "vs_contrib", What: "CPU per access log entry of the contrib exporter v0.161.0, ours = 1",
		Figures: []suite.Spec{
			{Name: "vs_contrib_typed", Unit: "×", Target: suite.AtLeast(6)},
			{Name: "vs_contrib_text", Unit: "×", Target: suite.AtLeast(15)},
		},
		Once: func(ctx context.Context) ([]float64, error) {
			messages := packed(p.corpus.Messages, messageBytes)
			own, err := p.ours(ctx, messages, "als", 5*rounds)
			if err != nil {
				return nil, err
			}
			typed, err := p.theirs(ctx, messages, "typed", rounds)
			if err != nil {
				return nil, err
			}
			text, err := p.theirs(ctx, messages, "text", rounds)
			if err != nil {
				return nil, err
			}
			return []float64{typed.perRow() / own.perRow(), text.perRow() / own.perRow()}, nil
		},
	}
}

// theirs runs the contrib exporter against the store that discards.
func (p *Place) theirs(ctx context.Context, messages [][]byte, mode string, rounds int) (Cost, error) {
	return spend(ctx, messages, p.contrib, "-mode", mode, "-endpoint", p.sink.URL, "-rounds", itoa(rounds))
}

func itoa(n int) string { return strconv.Itoa(n) }
