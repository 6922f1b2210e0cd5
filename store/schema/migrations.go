package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Version is the number of the newest migration that this program knows.
const Version = 20

// migration is one numbered step. Its text never changes once released: a
// change of the schema is a new step.
type migration struct {
	id       uint32
	name     string
	template string // ddl/<template>.sql.tmpl
	args     any
}

// rollup tells the templates of the rollup tables how wide a bucket is, how
// long it is kept and what makes a partition.
type rollup struct {
	Suffix    string
	Interval  string
	Keep      string
	Partition string
}

func migrations() []migration {
	tenSeconds := rollup{Suffix: "10s", Interval: "10 SECOND", Keep: "3 DAY", Partition: "toDate(ts)"}
	minute := rollup{Suffix: "1m", Interval: "1 MINUTE", Keep: "40 DAY", Partition: "toDate(ts)"}
	// A day of hours is too little for a part of its own.
	hour := rollup{Suffix: "1h", Interval: "1 HOUR", Keep: "400 DAY", Partition: "toYYYYMM(ts)"}
	return []migration{
		{1, "requests", "requests", nil},
		{2, "attempts", "attempts", nil},
		{3, "heartbeats", "heartbeats", nil},
		{4, "edge_counts_10s", "edge_counts", tenSeconds},
		{5, "edge_counts_1m", "edge_counts", minute},
		{6, "edge_latency_10s", "edge_latency", tenSeconds},
		{7, "edge_latency_1m", "edge_latency", minute},
		{8, "heartbeats_started", "heartbeats_started", nil},
		{9, "edge_counts_1h", "edge_counts", hour},
		{10, "edge_latency_1h", "edge_latency", hour},
		{11, "spans", "spans", nil},
		{12, "logs", "logs", nil},
		{13, "edge_samples", "edge_samples", nil},
		{14, "flows", "flows", nil},
		{15, "proxy_stats", "proxy_stats", nil},
		{16, "config_changes", "config_changes", nil},
		{17, "requests_codecs", "requests_codecs", nil},
		{18, "attempts_codecs", "attempts_codecs", nil},
		{19, "edge_latency_codecs", "edge_latency_codecs", nil},
		{20, "heartbeats_flows", "heartbeats_flows", nil},
	}
}

// step is a migration rendered for one deployment.
type step struct {
	migration
	statements []string
	checksum   string // SHA-256 of the statements, in hex
}

// steps renders all migrations in their order.
func (r Rendering) steps() ([]step, error) {
	var out []step
	for _, m := range migrations() {
		statements, err := r.render(m.template, m.args)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256([]byte(strings.Join(statements, ";\n")))
		out = append(out, step{migration: m, statements: statements, checksum: hex.EncodeToString(sum[:])})
	}
	return out, nil
}
