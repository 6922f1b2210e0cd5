package status

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// GetStoreReport reads the state of the store's tables.
func (s *Service) GetStoreReport(ctx context.Context, _ *connect.Request[statusv1.GetStoreReportRequest]) (*connect.Response[statusv1.GetStoreReportResponse], error) {
	report, err := query.StoreReport(ctx, s.conn)
	if err != nil {
		return nil, err
	}
	now := s.now()
	inserts, err := query.Inserts(ctx, s.conn, now.Add(-paceOver), now)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(storeReport(report, inserts, now)), nil
}

// storeReport judges the tables. inserts are the blocks of paceOver, by table.
func storeReport(r query.Report, inserts map[string]uint64, now time.Time) *statusv1.GetStoreReportResponse {
	answer := &statusv1.GetStoreReportResponse{}
	for _, t := range r.Tables {
		one := tableReport(t, perHour(inserts, t.Name))
		answer.Tables = append(answer.Tables, one)
		answer.Findings = append(answer.Findings, judgeTable(t, one, now)...)
	}
	for _, m := range r.Merges[:min(maxWork, len(r.Merges))] {
		answer.Merges = append(answer.Merges, &statusv1.Merge{
			Table: m.Table, Elapsed: durationpb.New(m.Elapsed), Progress: m.Progress, Parts: m.Parts, Bytes: m.Bytes,
		})
	}
	for _, m := range r.Mutations[:min(maxWork, len(r.Mutations))] {
		answer.Mutations = append(answer.Mutations, &statusv1.Mutation{Table: m.Table, Command: m.Command, Parts: m.Parts, Failure: m.Failure})
		if m.Failure != "" {
			answer.Findings = append(answer.Findings, &statusv1.Finding{
				Code: codeMutationFailed, Subject: m.Table, Detail: fmt.Sprintf("a change of stored parts fails (%s): %s", m.Command, m.Failure),
				Remedy: "remove the cause, the server tries again by itself; or give it up with KILL MUTATION",
			})
		}
	}
	return answer
}

// perHour returns the inserts of an hour into a table at the pace of now. A
// rollup gets one for each of requests.
func perHour(inserts map[string]uint64, table string) uint64 {
	name := strings.TrimSuffix(table, "_local")
	if strings.HasPrefix(name, "edge_counts_") || strings.HasPrefix(name, "edge_latency_") {
		name = "requests"
	}
	return inserts[name] * uint64(outage/paceOver)
}

func tableReport(t query.TableReport, inserts uint64) *statusv1.TableReport {
	out := &statusv1.TableReport{
		Name: t.Name, Rows: t.Rows, Parts: t.Parts, MostParts: t.MostParts, Bytes: t.Bytes, Oldest: at(t.Oldest), Newest: at(t.Newest),
		DedupWindow: t.Window, InsertsPerHour: inserts, DedupOutlastsHour: t.Window >= inserts,
	}
	if keep := t.Lifetime(); keep > 0 {
		out.Retention = durationpb.New(keep)
	}
	all := query.ColumnReport{}
	for _, c := range t.Columns {
		all.Compressed, all.Unpacked = all.Compressed+c.Compressed, all.Unpacked+c.Unpacked
		out.Columns = append(out.Columns, &statusv1.ColumnReport{Name: c.Name, Codec: c.Codec, Compressed: c.Compressed, Unpacked: c.Unpacked})
	}
	out.Compression = all.Ratio()
	return out
}

// bookkeeping is the table of migrations, into which no blocks are inserted.
const bookkeeping = "schema_migrations"

func judgeTable(t query.TableReport, r *statusv1.TableReport, now time.Time) (out []*statusv1.Finding) {
	found := func(code, remedy, format string, args ...any) {
		out = append(out, &statusv1.Finding{Code: code, Subject: t.Name, Detail: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	if strings.TrimSuffix(t.Name, "_local") == bookkeeping {
		return nil
	}
	if t.MostParts > maxParts {
		found(codeTooManyParts, "look at the merges below and at the load of the store, or let collectors make larger blocks (block_rows, block_age)",
			"one partition has %d active parts, more than %d: merges do not keep up with inserts", t.MostParts, maxParts)
	}
	switch {
	case t.Window == 0:
		found(codeDedupShort, "let a collector of this version migrate the store, or set the table's deduplication window",
			"it remembers no inserts: one that is repeated stores its rows twice")
	case !r.DedupOutlastsHour:
		found(codeDedupShort, "let collectors make larger blocks (block_rows, block_age), or raise the table's deduplication window",
			"it remembers %d inserts, and at the pace of the last %s an hour has %d: after a longer outage blocks may be stored twice",
			t.Window, paceOver, r.InsertsPerHour)
	}
	if keep := t.Lifetime(); keep > 0 && !t.Oldest.IsZero() {
		if over := now.Sub(t.Oldest) - keep - t.Partition() - late; over > 0 {
			found(codeRetentionBehind, "look for failing mutations and long merges, and whether merges of expired parts are stopped (SYSTEM START TTL MERGES)",
				"its oldest row is of %s, although rows are kept for %s", stamp(t.Oldest), keep)
		}
	}
	return out
}
