package ingest

import (
	"errors"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// tables are the open blocks of a pipeline. A new table is one file with its
// columns and its method of Pipeline, a field here and a line in newTables.
type tables struct {
	requests      *builder[record.Request]
	attempts      *builder[record.Attempt]
	flows         *builder[record.Flow]
	spans         *builder[record.Span]
	logs          *builder[record.Log]
	edgeSamples   *builder[record.EdgeSample]
	proxyStats    *builder[record.ProxyStat]
	configChanges *builder[record.ConfigChange]

	heartbeats *builder[record.Heartbeat] // of proxies: never in the log before the rows they count
	beats      *builder[record.Heartbeat] // the pipeline's own

	rows   []*openBlock         // of all tables but the heartbeats
	all    []*openBlock         // in the order of newTables
	counts map[string]*counters // by the name of the table
}

func newTables(p *Pipeline) *tables {
	t := &tables{counts: map[string]*counters{}}
	t.requests = addRows(t, p, &requestColumns{})
	t.attempts = addRows(t, p, &attemptColumns{})
	t.flows = addRows(t, p, &flowColumns{})
	t.spans = addRows(t, p, &spanColumns{})
	t.logs = addRows(t, p, &logColumns{})
	t.edgeSamples = addRows(t, p, &edgeSampleColumns{})
	t.proxyStats = addRows(t, p, &proxyStatColumns{})
	t.configChanges = addRows(t, p, &configChangeColumns{})
	t.heartbeats = addTable(t, p, &heartbeatColumns{})
	t.heartbeats.before = t.sealRows
	t.beats = addTable(t, p, &heartbeatColumns{})
	return t
}

// addRows adds a table whose rows are what the pipeline is for.
func addRows[R any](t *tables, p *Pipeline, set columnSet[R]) *builder[R] {
	b := addTable(t, p, set)
	t.rows = append(t.rows, b.openBlock)
	return b
}

func addTable[R any](t *tables, p *Pipeline, set columnSet[R]) *builder[R] {
	name := set.table().Name
	if t.counts[name] == nil {
		t.counts[name] = &counters{}
	}
	b := newBuilder(set, p, t.counts[name])
	t.all = append(t.all, b.openBlock)
	return b
}

// sealRows seals the open blocks of all tables but the heartbeats.
func (t *tables) sealRows() error { return sealEach(t.rows) }

// sealAll seals all open blocks. When it returns nil, all that was handed over
// before the call is in the log.
func (t *tables) sealAll() error { return sealEach(t.all) }

func sealEach(blocks []*openBlock) error {
	var errs []error
	for _, b := range blocks {
		errs = append(errs, b.seal())
	}
	return errors.Join(errs...)
}

// close makes the builders refuse rows. What the log does not take any more is
// counted as lost.
func (t *tables) close() {
	for _, b := range t.all {
		b.close()
	}
}

// rowTables names the tables of rows.
func (t *tables) rowTables() []string {
	names := make([]string, len(t.rows))
	for i, b := range t.rows {
		names[i] = b.table.Name
	}
	return names
}

// missing counts the rows that are in no table and will not be.
func (t *tables) missing() (n uint64) {
	for _, b := range t.rows {
		n += b.counts.missing()
	}
	return n
}
