package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// testTables sends random records of every kind and compares what the engine
// stored, column by column.
func testTables(t *testing.T, e env) {
	p, done := e.pipeline(t, e.dsn.String(), Config{BlockRows: 150})
	g := newGenerator(seed(t), time.Now())
	want := map[string][]row{}
	for range 400 {
		want["requests"] = append(want["requests"], handed(p.Request, g.request, requestRow))
		want["attempts"] = append(want["attempts"], handed(p.Attempt, g.attempt, attemptRow))
		want["flows"] = append(want["flows"], handed(p.Flow, g.flow, flowRow))
		want["spans"] = append(want["spans"], handed(p.Span, g.span, spanRow))
		want["logs"] = append(want["logs"], handed(p.Log, g.log, logRow))
		want["edge_samples"] = append(want["edge_samples"], handed(p.EdgeSample, g.edgeSample, edgeSampleRow))
		want["proxy_stats"] = append(want["proxy_stats"], handed(p.ProxyStat, g.proxyStat, proxyStatRow))
		want["config_changes"] = append(want["config_changes"], handed(p.ConfigChange, g.configChange, configChangeRow))
		want["heartbeats"] = append(want["heartbeats"], handed(p.Heartbeat, g.heartbeat, heartbeatRow))
	}
	done()
	for _, table := range schema.Tables() {
		name := keeps(table.Name)
		t.Run(name, func(t *testing.T) {
			if len(want[name]) == 0 {
				t.Fatal("nothing was sent")
			}
			if diff := cmp.Diff(lines(table, want[name]), e.lines(t, table)); diff != "" {
				t.Errorf("rows (-sent +stored): %.3000s", diff)
			}
			blocks := e.text(t, "SELECT toString(uniqExact(block_id)) FROM "+name)
			if sealed := p.Stats().Tables[name].StoredBlocks; blocks != fmt.Sprint(sealed) {
				t.Errorf("%s block ids in the table, %d blocks stored", blocks, sealed)
			}
		})
	}
}

// handed makes a record, hands it over and returns what is to be stored of it.
func handed[R any](hand func(*R), next func() *R, expected func(*R) row) row {
	r := next()
	hand(r)
	return expected(r)
}

// stored are the columns that are compared: all but the id of the block and the
// bins, which only the rollups keep.
func stored(t schema.Table) (out []schema.Column) {
	for _, c := range t.Columns {
		if c.Name != "block_id" && !strings.HasSuffix(c.Name, "_bin") {
			out = append(out, c)
		}
	}
	return out
}

// lines returns one text a row, sorted, as a table has no order of rows.
func lines(t schema.Table, rows []row) []string {
	var out []string
	for _, r := range rows {
		text := r.text()
		var line []string
		for _, c := range stored(t) {
			line = append(line, c.Name+"="+text[c.Name])
		}
		out = append(out, strings.Join(line, " "))
	}
	slices.Sort(out)
	return out
}

// lines is the same of what the engine has. The pipeline's own heartbeats, of
// no proxy, are left out.
func (e env) lines(t *testing.T, table schema.Table) []string {
	t.Helper()
	var line []string
	for _, c := range stored(table) {
		line = append(line, fmt.Sprintf("concat('%s=', %s)", c.Name, sqlText(c.Name, c.Type)))
	}
	sql := "SELECT concatWithSeparator(' ', " + strings.Join(line, ", ") + ") FROM " + keeps(table.Name)
	if table.Name == "heartbeats_in" {
		sql += " WHERE proxy != ''"
	}
	rows, err := e.conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// sqlText returns the expression that gives a value of a column in the form of
// textOf.
func sqlText(value, kind string) string {
	element, isArray := strings.CutPrefix(kind, "Array(")
	switch {
	case isArray:
		each := sqlText("x"+value, strings.TrimSuffix(element, ")"))
		return fmt.Sprintf("concat('[', arrayStringConcat(arrayMap(x%s -> %s, %s), '|'), ']')", value, each, value)
	case strings.HasPrefix(kind, "Map("):
		return fmt.Sprintf("concat('[', arrayStringConcat(arrayMap((k, v) -> concat(k, '=', v), mapKeys(%s), mapValues(%s)), '|'), ']')", value, value)
	case strings.HasPrefix(kind, "DateTime64(6"):
		return "toString(toUnixTimestamp64Micro(" + value + "))"
	case strings.HasPrefix(kind, "DateTime64(3"):
		return "toString(toUnixTimestamp64Milli(" + value + "))"
	case strings.HasPrefix(kind, "FixedString"):
		return "lower(hex(" + value + "))"
	case kind == "Float64":
		return "toString(reinterpretAsUInt64(" + value + "))"
	}
	return "toString(" + value + ")"
}
