package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/bench/suite"
)

// grpc measures the whole collector: access logs over gRPC on loopback, to
// blocks in its write-ahead log and on their way to a store that discards.
func (p *Place) grpc() suite.Measurement {
	const rounds = 200
	return suite.Measurement{
		Name: "als_grpc_core", What: "access logs over gRPC to the collector, per second of its CPU",
		Figures: []suite.Spec{{Name: "als_grpc_core", Unit: "entries/s", Target: suite.AtLeast(300_000)}},
		Once: func(ctx context.Context) ([]float64, error) {
			c, err := p.startCollector(ctx, "bench-grpc", p.sink.URL+"?database=plimsoll")
			if err != nil {
				return nil, err
			}
			defer c.process.Stop()
			entries, used, err := p.playTo(ctx, c, rounds, freely)
			if err != nil {
				return nil, err
			}
			return []float64{float64(entries) / used.Seconds()}, nil
		},
	}
}

// settle is how long rows may stay in an open block.
const settle = 1500 * time.Millisecond

// playTo sends the recording to a collector, after a first round that warms it
// up, and returns what that cost the collector.
func (p *Place) playTo(ctx context.Context, c *collector, rounds int, pace func(context.Context, int) error) (entries int, used time.Duration, err error) {
	s, err := dial(c.address)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = s.conn.Close() }()
	list, err := byStream(p.corpus.Messages, messageBytes)
	if err != nil {
		return 0, 0, err
	}
	if _, err := s.send(ctx, list, 1, freely); err != nil {
		return 0, 0, err
	}
	time.Sleep(settle)
	before, err := c.cpu()
	if err != nil {
		return 0, 0, err
	}
	if entries, err = s.send(ctx, list, rounds, pace); err != nil {
		return 0, 0, err
	}
	time.Sleep(settle)
	after, err := c.cpu()
	return entries, after - before, err
}

// steady measures a collector at 100,000 entries per second into the embedded
// engine.
func (p *Place) steady() suite.Measurement {
	const rate, length = 100_000, 20 * time.Second
	return suite.Measurement{
		Name: "steady_100k", What: "100,000 access log entries per second into the embedded engine",
		Figures: []suite.Spec{
			{Name: "steady_100k_cores", Unit: "cores", Target: suite.AtMost(0.5)},
			{Name: "steady_100k_rss", Unit: "MiB", Target: suite.AtMost(150)},
			{Name: "steady_100k_rate", Unit: "entries/s", Target: suite.AtLeast(0.98 * rate)},
		},
		Once: func(ctx context.Context) ([]float64, error) {
			c, err := p.startCollector(ctx, "bench-steady", fmt.Sprintf("unix://%s?database=steady", p.socket))
			if err != nil {
				return nil, err
			}
			defer c.process.Stop()
			p.corpus.Fresh(newRand(), time.Now())
			watched, cancel := context.WithCancel(ctx)
			peak := make(chan int64, 1)
			go func() { peak <- c.watchMemory(watched) }()
			began := time.Now()
			entries, used, err := p.playTo(ctx, c, int(rate*length.Seconds())/p.corpus.Entries, (&pacer{perSecond: rate}).admit)
			took := time.Since(began) - 2*settle
			cancel()
			highest := <-peak
			if err != nil {
				return nil, err
			}
			return []float64{used.Seconds() / took.Seconds(), float64(highest) / (1 << 20), float64(entries) / took.Seconds()}, nil
		},
	}
}

// watchMemory returns the most resident memory seen until the context ends.
func (c *collector) watchMemory(ctx context.Context) (highest int64) {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		if now, err := c.memory(); err == nil {
			highest = max(highest, now)
		}
		select {
		case <-ctx.Done():
			return highest
		case <-ticker.C:
		}
	}
}

// pacer admits entries at a steady rate, counted from its first call.
type pacer struct {
	perSecond float64

	mu      sync.Mutex
	began   time.Time
	entries int
}

func (p *pacer) admit(ctx context.Context, entries int) error {
	p.mu.Lock()
	if p.began.IsZero() {
		p.began = time.Now()
	}
	due := p.began.Add(time.Duration(float64(p.entries) / p.perSecond * float64(time.Second)))
	p.entries += entries
	p.mu.Unlock()
	select {
	case <-time.After(time.Until(due)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
