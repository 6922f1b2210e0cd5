package schema

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed ddl/*.sql.tmpl
var ddl embed.FS

// Rendering is the kind of deployment that the DDL is rendered for.
type Rendering string

// The renderings.
const (
	Plain   Rendering = "plain"   // one server
	Cluster Rendering = "cluster" // ON CLUSTER '{cluster}', Replicated and Distributed
)

// Keeper paths by {uuid} let a table be dropped and made again without a clash
// with what its predecessor left in Keeper.
const (
	keeperPath        = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"
	keeperPathOneCopy = "'/clickhouse/tables/{uuid}/all', '{shard}-{replica}'"
)

// render executes the template ddl/<name>.sql.tmpl and returns its statements,
// without their final semicolons.
func (r Rendering) render(name string, args any) ([]string, error) {
	t, err := template.New(name+".sql.tmpl").
		Option("missingkey=error").
		Funcs(r.funcs()).
		ParseFS(ddl, "ddl/"+name+".sql.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parsing ddl template %s: %w", name, err)
	}
	var text strings.Builder
	if err := t.Execute(&text, args); err != nil {
		return nil, fmt.Errorf("rendering ddl template %s for %s: %w", name, r, err)
	}
	return split(text.String()), nil
}

// funcs returns what differs between the renderings, by the name that the
// templates use.
func (r Rendering) funcs() template.FuncMap {
	return template.FuncMap{
		"isCluster": func() bool { return r == Cluster },
		"onCluster": func() string {
			if r == Cluster {
				return " ON CLUSTER '{cluster}'"
			}
			return ""
		},
		"stored":     r.stored,
		"engine":     func(kind string) string { return r.engine(kind, keeperPath) },
		"engineOnce": func(kind string) string { return r.engine(kind, keeperPathOneCopy) },
		"dedup":      r.dedup,
	}
}

// stored returns the name of the table that keeps the rows.
func (r Rendering) stored(table string) string {
	if r == Cluster {
		return table + "_local"
	}
	return table
}

func (r Rendering) engine(kind, path string) string {
	if r == Cluster {
		return "Replicated" + kind + "(" + path + ")"
	}
	return kind
}

// dedup returns the setting that makes a table remember the tokens of recent
// inserts. A plain MergeTree remembers none by default; a replicated one
// forgets after an hour, which is shorter than an outage may last.
func (r Rendering) dedup() string {
	if r == Cluster {
		return "replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 604800"
	}
	return "non_replicated_deduplication_window = 10000"
}

// split cuts a rendered template into statements at semicolons that end a
// line, and drops comment lines.
func split(text string) []string {
	var statements []string
	for part := range strings.SplitSeq(text, ";\n") {
		var lines []string
		for line := range strings.SplitSeq(part, "\n") {
			if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "--") {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			statements = append(statements, strings.Join(lines, "\n"))
		}
	}
	return statements
}
