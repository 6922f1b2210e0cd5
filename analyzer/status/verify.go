package status

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// VerifyBlocks compares the rows that are stored of each block with those that
// were sealed.
func (s *Service) VerifyBlocks(ctx context.Context, req *connect.Request[statusv1.VerifyBlocksRequest]) (*connect.Response[statusv1.VerifyBlocksResponse], error) {
	blocks, err := sealedBlocks(req.Msg.Blocks)
	if err != nil {
		return nil, err
	}
	share, err := query.RequestsShare(ctx, s.conn)
	if err != nil {
		return nil, err
	}
	mismatches, err := query.Verify(ctx, s.conn, blocks)
	if err != nil {
		return nil, err
	}
	answer := &statusv1.VerifyBlocksResponse{RequestsShare: share}
	next := 0
	for _, m := range mismatches { // in the order of the blocks
		for blocks[next] != m.Block {
			next++
		}
		answer.Mismatches = append(answer.Mismatches, &statusv1.BlockMismatch{Index: uint32(next), Stored: m.Stored})
		next++
	}
	return connect.NewResponse(answer), nil
}

// keepsBlocks tells whether rows of blocks go to a table.
func keepsBlocks(table string) bool {
	switch table {
	case "requests", "attempts", "heartbeats", "spans", "logs", "edge_samples", "flows", "proxy_stats", "config_changes":
		return true
	}
	return false
}

func sealedBlocks(in []*statusv1.SealedBlock) ([]query.Block, error) {
	if len(in) > maxBlocks {
		return nil, invalid("%d blocks: ask for at most %d at once", len(in), maxBlocks)
	}
	out := make([]query.Block, len(in))
	for i, b := range in {
		if len(b.GetId()) != 16 {
			return nil, invalid("block %d: its id has %d bytes, want 16", i, len(b.GetId()))
		}
		if !keepsBlocks(strings.TrimSuffix(b.Table, "_in")) {
			return nil, invalid("block %d: %q is no table of blocks", i, b.Table)
		}
		out[i] = query.Block{Table: b.Table, ID: [16]byte(b.Id), Rows: b.Rows}
	}
	return out, nil
}

// VerifyStore looks for blocks that are stored twice, and compares rollups with
// rows.
func (s *Service) VerifyStore(ctx context.Context, req *connect.Request[statusv1.VerifyStoreRequest]) (*connect.Response[statusv1.VerifyStoreResponse], error) {
	mark, err := query.Watermark(ctx, s.conn, s.now())
	if err != nil {
		return nil, err
	}
	from, to, err := closedWindow(req.Msg, mark.At)
	if err != nil {
		return nil, err
	}
	doubles, err := query.FindDoubles(ctx, s.conn, from, to)
	if err != nil {
		return nil, err
	}
	rollup, err := s.compareRollup(ctx, from, to)
	if err != nil {
		return nil, err
	}
	answer := &statusv1.VerifyStoreResponse{
		Window: &typesv1.Window{From: timestamppb.New(from), To: timestamppb.New(to), Watermark: at(mark.At)}, Rollup: rollup,
	}
	for _, d := range doubles {
		answer.Blocks = append(answer.Blocks, &statusv1.StoredBlocks{
			Table: d.Table, Blocks: d.Blocks, Checked: d.Checked, Doubles: d.Doubles, DoubleIds: d.IDs,
		})
		answer.Findings = append(answer.Findings, judgeDoubles(d)...)
	}
	answer.Findings = append(answer.Findings, judgeRollup(rollup)...)
	return connect.NewResponse(answer), nil
}

// closedWindow returns the window of the request, or the last hour that the
// watermark has passed.
func closedWindow(r *statusv1.VerifyStoreRequest, mark time.Time) (from, to time.Time, err error) {
	switch {
	case mark.IsZero():
		return from, to, errNoRows
	case r.From == nil && r.To == nil:
		to = mark.UTC().Truncate(time.Hour)
		return to.Add(-time.Hour), to, nil
	case r.From == nil || r.To == nil:
		return from, to, invalid("name both ends of the window, or neither")
	}
	from, to = r.From.AsTime(), r.To.AsTime()
	if from != from.Truncate(time.Minute) || to != to.Truncate(time.Minute) {
		return from, to, invalid("the window [%s, %s) is not of whole minutes", from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
	}
	if to.After(mark) {
		return from, to, invalid("rows are complete until %s only: end the window there", stamp(mark))
	}
	return from, to, checkWindow(from, to)
}

func (s *Service) compareRollup(ctx context.Context, from, to time.Time) (*statusv1.RollupAccount, error) {
	share, err := query.RequestsShare(ctx, s.conn)
	if err != nil {
		return nil, err
	}
	r, err := query.CompareRollup(ctx, s.conn, from, to)
	if err != nil {
		return nil, err
	}
	return rollupAccount(r, share), nil
}

func rollupAccount(r query.Rollup, share float64) *statusv1.RollupAccount {
	out := &statusv1.RollupAccount{Raw: r.Raw, RolledUp: r.RolledUp}
	if share < 1 {
		out.Reason = fmt.Sprintf("the store keeps %g %% of the requests, the rollup counts all", 100*share)
		return out
	}
	out.DifferingMinutes = uint32(len(r.Differing))
	for _, m := range r.Differing[:min(maxMinutes, len(r.Differing))] {
		out.Differing = append(out.Differing, &statusv1.RollupMinute{At: timestamppb.New(m.At), Raw: m.Raw, RolledUp: m.RolledUp})
	}
	return out
}

func judgeDoubles(d query.Doubles) []*statusv1.Finding {
	if d.Doubles == 0 {
		return nil
	}
	return []*statusv1.Finding{{
		Code: codeBlockDouble, Subject: d.Table,
		Detail: fmt.Sprintf("%d of %d blocks are stored more than once, such as %s", d.Doubles, d.Checked, d.IDs[0]),
		Remedy: "rows of these blocks count double: see whether the deduplication window is long enough (dedup-window-short), or whether a backup was restored over new rows",
	}}
}

func judgeRollup(r *statusv1.RollupAccount) []*statusv1.Finding {
	if r.DifferingMinutes == 0 {
		return nil
	}
	return []*statusv1.Finding{{
		Code: codeRollupDiffers, Subject: "edge_counts_1m",
		Detail: fmt.Sprintf("%d requests are stored, the rollup counts %d; %d minutes differ, the first is %s",
			r.Raw, r.RolledUp, r.DifferingMinutes, stamp(r.Differing[0].At.AsTime())),
		Remedy: "see the collectors' logs for inserts of which a view failed, and whether anybody changed rows by hand",
	}}
}
