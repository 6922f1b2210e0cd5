package observe

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

const (
	// pause is the time between two rounds, and progress that between two
	// messages of a quiet stream.
	pause    = time.Second
	progress = 10 * time.Second
	// DefaultRate is how many rows per second a stream sends at most, unless
	// its reader names a number.
	DefaultRate = 100
	// MaxRate bounds that number.
	MaxRate = 5000
	// MaxLast bounds the rows before the stream.
	MaxLast = 10_000
)

// rows is what a stream reads.
type rows interface {
	blocks(ctx context.Context, c condition, from, frontier, to time.Time) ([]block, error)
	last(ctx context.Context, c condition, from, to time.Time, n int) ([]landed, error)
	sample(ctx context.Context, c condition, from, to time.Time, n int) ([]landed, error)
}

// stream is one reader's stream.
type stream struct {
	rows   rows
	where  condition
	rate   int
	cursor cursor
	send   func(*observev1.ObserveResponse) error
	mark   func(context.Context) (query.Mark, error)
}

// begin sends the newest rows since a time and puts the cursor at the watermark.
func (s *stream) begin(ctx context.Context, mark query.Mark, since time.Time, n int) error {
	blocks, err := s.rows.blocks(ctx, s.where, mark.At.Add(-LateFor), mark.At, mark.At)
	if err != nil {
		return err
	}
	s.cursor.advance(mark.At, blocks)
	if n > 0 {
		newest, err := s.rows.last(ctx, s.where, since, mark.At, n)
		if err != nil {
			return err
		}
		if err := s.sendRows(newest); err != nil {
			return err
		}
	}
	return s.progress(mark)
}

// follow makes rounds until ctx ends or the reader leaves.
func (s *stream) follow(ctx context.Context) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	told := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		mark, err := s.mark(ctx)
		if err != nil {
			return err
		}
		if err := s.round(ctx, mark.At); err != nil {
			return err
		}
		if time.Since(told) >= progress {
			if err := s.progress(mark); err != nil {
				return err
			}
			told = time.Now()
		}
	}
}

// round sends what is due up to a watermark. One that stands still or goes back
// (a collector came back) may still bring late rows.
func (s *stream) round(ctx context.Context, watermark time.Time) error {
	from, to := s.cursor.frontier, watermark
	if to.Before(from) {
		to = from
	}
	behind := from.Add(-LateFor)
	blocks, err := s.rows.blocks(ctx, s.where, behind, from, to)
	if err != nil {
		return err
	}
	onTime, late, lateBlocks := s.cursor.due(blocks)
	most := s.rate * max(int(to.Sub(from).Round(time.Second)/time.Second), 1)
	sent, err := s.late(ctx, behind, from, late, lateBlocks, most)
	if err != nil {
		return err
	}
	if onTime > 0 {
		more, err := s.onTime(ctx, from, to, blocks, max(most-sent, 0))
		if err != nil {
			return err
		}
		sent += more
	}
	s.cursor.advance(to, blocks)
	if rest := onTime + late - min(uint64(sent), onTime+late); rest > 0 {
		return s.send(&observev1.ObserveResponse{Event: &observev1.ObserveResponse_Skipped{Skipped: &observev1.Skipped{
			Rows: rest, From: timestamppb.New(from), To: timestamppb.New(to),
		}}})
	}
	return nil
}

// late sends rows of blocks that came after the frontier had passed their rows.
func (s *stream) late(ctx context.Context, behind, frontier time.Time, due uint64, blocks []string, most int) (int, error) {
	if due == 0 || most == 0 {
		return 0, nil
	}
	c := condition{sql: s.where.sql, args: slices.Clone(s.where.args)}
	c.and("has(?, hex(block_id))", blocks)
	found, err := s.rows.sample(ctx, c, behind, frontier, most)
	if err != nil {
		return 0, err
	}
	for _, r := range found {
		r.Late = true
	}
	return len(found), s.sendRows(found)
}

// onTime sends rows since the frontier, without those of blocks that came after
// the list was made.
func (s *stream) onTime(ctx context.Context, from, to time.Time, blocks []block, most int) (int, error) {
	if most == 0 {
		return 0, nil
	}
	found, err := s.rows.sample(ctx, s.where, from, to, most)
	if err != nil {
		return 0, err
	}
	listed := make(map[string]bool, len(blocks))
	for _, b := range blocks {
		listed[b.id] = true
	}
	found = slices.DeleteFunc(found, func(r landed) bool { return !listed[r.block] })
	return len(found), s.sendRows(found)
}

func (s *stream) sendRows(found []landed) error {
	for _, r := range found {
		if err := s.send(&observev1.ObserveResponse{Event: &observev1.ObserveResponse_Row{Row: r.RequestRow}}); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) progress(m query.Mark) error {
	return s.send(&observev1.ObserveResponse{Event: &observev1.ObserveResponse_Progress{Progress: &observev1.Progress{
		Watermark: timestamppb.New(m.At), Reason: m.Reason,
	}}})
}
