package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// blocksAtOnce is how many blocks one call asks for.
const blocksAtOnce = 1000

// verifyStore asks the analyzer to look through the last full hour.
func (d *doctor) verifyStore(ctx context.Context) error {
	c, err := d.conn.dial()
	if err != nil {
		return err
	}
	d.progress("Looking for double blocks, comparing rollups with rows …")
	answer, err := c.status.VerifyStore(ctx, connect.NewRequest(&statusv1.VerifyStoreRequest{}))
	if err != nil {
		return d.conn.explain(err)
	}
	r := &statusv1.VerifyReport{Findings: answer.Msg.Findings, Store: answer.Msg}
	if err := d.printer.print(verifyResult(r)); err != nil {
		return err
	}
	return conclude(r.Findings)
}

// verifyLog compares the blocks of a write-ahead log with the store.
func (d *doctor) verifyLog(ctx context.Context, dir string) error {
	content, err := wal.ReadOnly(dir)
	if err != nil {
		return withExit(exitBadData, fmt.Errorf("%w; name the directory that \"wal\" names in the collector's config", err))
	}
	c, err := d.conn.dial()
	if err != nil {
		return err
	}
	a := newComparison(dir, content)
	blocks := a.expected()
	for first := 0; first < len(blocks); first += blocksAtOnce {
		some := blocks[first:min(first+blocksAtOnce, len(blocks))]
		d.progress("Asking for blocks %d to %d of %d …", first+1, first+len(some), len(blocks))
		if err := a.ask(ctx, c, some); err != nil {
			return d.conn.explain(err)
		}
	}
	r := a.report()
	if content.Gone+content.Unfinished > 0 {
		d.progress("The collector is at work: %d segments were deleted while being read, %d records were not complete.", content.Gone, content.Unfinished)
	}
	if err := d.printer.print(verifyResult(r)); err != nil {
		return err
	}
	return conclude(r.Findings)
}

// comparison is that of a log with the store.
type comparison struct {
	dir     string
	content *wal.Content
	share   float64            // of requests that are kept
	stored  map[string]*uint64 // by token of what was asked for, if it differs
}

func newComparison(dir string, content *wal.Content) *comparison {
	return &comparison{dir: dir, content: content, share: 1, stored: map[string]*uint64{}}
}

// expected are the blocks that the store should hold. One that was stored in
// halves is left out: the log has these too.
func (a *comparison) expected() (out []wal.Sealed) {
	known := map[[16]byte]bool{}
	for _, b := range a.content.Blocks {
		if id, err := wal.BlockID(b.Token); err == nil {
			known[id] = true
		}
	}
	for _, b := range a.content.Blocks {
		id, err := wal.BlockID(b.Token)
		if err != nil {
			continue
		}
		if h := ingest.Halves(id); !known[h[0]] && !known[h[1]] {
			out = append(out, b)
		}
	}
	return out
}

func (a *comparison) ask(ctx context.Context, c *client, blocks []wal.Sealed) error {
	req := &statusv1.VerifyBlocksRequest{}
	for _, b := range blocks {
		id, err := wal.BlockID(b.Token)
		if err != nil {
			return err
		}
		req.Blocks = append(req.Blocks, &statusv1.SealedBlock{Table: b.Table, Id: id[:], Rows: uint64(b.Rows)})
	}
	answer, err := c.status.VerifyBlocks(ctx, connect.NewRequest(req))
	if err != nil {
		return err
	}
	a.share = answer.Msg.RequestsShare
	for _, m := range answer.Msg.Mismatches {
		if int(m.Index) < len(blocks) {
			a.stored[blocks[m.Index].Token] = &m.Stored
		}
	}
	return nil
}

// report sorts the blocks by how they fare.
func (a *comparison) report() *statusv1.VerifyReport {
	r := &statusv1.VerifyReport{}
	accounts := map[string]*statusv1.SealedAccount{}
	for _, b := range a.expected() {
		name := strings.TrimSuffix(b.Table, "_in")
		t := accounts[name]
		if t == nil {
			t = &statusv1.SealedAccount{Table: name}
			accounts[name] = t
		}
		t.Sealed++
		t.Rows += uint64(b.Rows)
		state, stored := a.state(b)
		switch state {
		case "stored":
			t.Stored++
			continue
		case "waiting":
			t.Waiting++
			continue
		case "double":
			t.Double++
		case "quarantined":
			t.Quarantined++
		default:
			t.Missing++
		}
		r.Differences = append(r.Differences, &statusv1.BlockDifference{
			Table: name, Token: b.Token, State: state, Rows: uint64(b.Rows), Stored: stored, SealedAt: timestamppb.New(b.Created),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		r.Sealed = append(r.Sealed, accounts[name])
		r.Findings = append(r.Findings, sealedFindings(accounts[name])...)
	}
	r.Findings = append(r.Findings, a.damage()...)
	return r
}

// state says how a block fares. What the log does not hold for done may still be
// on its way.
func (a *comparison) state(b wal.Sealed) (state string, stored uint64) {
	differs := a.stored[b.Token]
	switch {
	case differs == nil:
		return "stored", uint64(b.Rows)
	case *differs > uint64(b.Rows):
		return "double", *differs
	case !b.Done:
		return "waiting", *differs
	case a.quarantined(b):
		return "quarantined", *differs
	case b.Table == "requests_in" && a.share < 1:
		return "stored", *differs // a share is kept by intent
	case *differs == 0:
		return "missing", 0
	}
	return "short", *differs
}

// quarantined tells whether the collector put the block aside, which it does in
// the log's directory unless its config names another.
func (a *comparison) quarantined(b wal.Sealed) bool {
	_, err := os.Stat(filepath.Join(a.dir, "quarantine", b.Table+"-"+b.Token+".txt"))
	return err == nil
}

func sealedFindings(t *statusv1.SealedAccount) (out []*statusv1.Finding) {
	for _, f := range []struct {
		n                    uint64
		code, detail, remedy string
	}{
		{t.Missing, "block-missing", "are not stored with all their rows, though the log has done with them", "see the collector's log for their tokens (a quarantine of its own directory, an outage longer than the table's lifetime), and whether the store lost data"},
		{t.Double, "block-double", "are stored with more rows than were sealed", "see whether the deduplication window is long enough (dedup-window-short), or whether a backup was restored over new rows"},
		{t.Quarantined, "block-quarantined", "were refused by the store and lie in quarantine", "read the reason in the .txt beside each, remove it, and insert the .native.lz4 by hand"},
	} {
		if f.n > 0 {
			out = append(out, &statusv1.Finding{Code: f.code, Subject: t.Table, Detail: fmt.Sprintf("%d of %d blocks %s", f.n, t.Sealed, f.detail), Remedy: f.remedy})
		}
	}
	return out
}

func (a *comparison) damage() []*statusv1.Finding {
	if a.content.Damaged == 0 {
		return nil
	}
	return []*statusv1.Finding{{
		Code: "log-damaged", Subject: filepath.Base(a.dir),
		Detail: fmt.Sprintf("%d parts of its segments (%d bytes) hold no valid record", a.content.Damaged, a.content.DamagedBytes),
		Remedy: "check the disk; the collector puts these bytes into quarantine when it starts next",
	}}
}

func verifyResult(r *statusv1.VerifyReport) result {
	sealed := table{columns: []column{
		textColumn("TABLE"), numberColumn("SEALED"), numberColumn("STORED"), numberColumn("WAITING"), numberColumn("MISSING"),
		numberColumn("DOUBLE"), numberColumn("QUARANTINED"), numberColumn("ROWS"),
	}}
	out := result{message: r, empty: "No block is there to compare."}
	for _, t := range r.Sealed {
		sealed.add(t.Table, countCell(t.Sealed), countCell(t.Stored), countCell(t.Waiting), countCell(t.Missing), countCell(t.Double), countCell(t.Quarantined), countCell(t.Rows))
		out.names = append(out.names, t.Table)
	}
	different := table{columns: []column{textColumn("STATE"), textColumn("TABLE"), numberColumn("ROWS"), numberColumn("STORED"), textColumn("SEALED_AT"), textColumn("TOKEN")}}
	for _, b := range r.Differences {
		different.add(b.State, b.Table, countCell(b.Rows), countCell(b.Stored), timeCell(b.SealedAt), b.Token)
	}
	out.tables = []table{findingTable(r.Findings), sealed, different}
	if r.Store != nil {
		blocks, rollup := storeVerified(r.Store)
		out.tables = append(out.tables, blocks, rollup)
		for _, t := range r.Store.Blocks {
			out.names = append(out.names, t.Table)
		}
	}
	for _, f := range r.Findings {
		out.names = append(out.names, f.Code)
	}
	return out
}

func storeVerified(s *statusv1.VerifyStoreResponse) (blocks, rollup table) {
	blocks.columns = []column{textColumn("TABLE"), numberColumn("BLOCKS"), numberColumn("CHECKED"), numberColumn("DOUBLE")}
	for _, t := range s.Blocks {
		blocks.add(t.Table, countCell(t.Blocks), countCell(t.Checked), countCell(t.Doubles))
	}
	rollup.columns = []column{textColumn("FROM"), textColumn("TO"), numberColumn("REQUESTS"), numberColumn("ROLLED_UP"), numberColumn("MINUTES_OFF"), textColumn("NOT_COMPARED")}
	rollup.add(timeCell(s.Window.GetFrom()), timeCell(s.Window.GetTo()), countCell(s.Rollup.GetRaw()), countCell(s.Rollup.GetRolledUp()),
		countCell(uint64(s.Rollup.GetDifferingMinutes())), s.Rollup.GetReason())
	return blocks, rollup
}
