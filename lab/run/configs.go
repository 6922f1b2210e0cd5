package run

import (
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// collectorSettings are what a collector's configuration says.
type collectorSettings struct {
	name    string
	dsn     string // of the store, or of the collector that it relays to
	place   place
	als     string // where proxies send their access logs; "": nowhere
	relay   string // where other collectors send their blocks; "": nowhere
	metrics bool   // whether the proxies' statistics are scraped
	health  int
}

// yaml is the configuration as a user would write it.
func (c collectorSettings) yaml() ([]byte, error) {
	receivers := map[string]any{}
	pipelines := map[string]any{}
	add := func(signal, name string, settings map[string]any) {
		settings["store"] = "meshstore"
		receivers[name] = settings
		pipelines[signal] = map[string]any{"receivers": []string{name}, "exporters": []string{"debug"}}
	}
	if c.als != "" {
		add("logs", "envoyals", map[string]any{"endpoint": c.als})
	}
	if c.metrics {
		add("metrics", "meshmetrics", map[string]any{"targets_file": filepath.Join(c.place.root, targetsFile), "interval": "2s", "timeout": "1500ms"})
	}
	if c.relay != "" {
		add("logs", "blockrelay", map[string]any{"endpoint": c.relay})
	}
	return yaml.Marshal(map[string]any{
		"extensions": map[string]any{
			"meshstore": map[string]any{
				"endpoint": c.dsn, "collector": c.name, "quarantine": c.place.quarantine(),
				"wal": map[string]any{"directory": c.place.wal(c.name)},
			},
			"health_check": map[string]any{"endpoint": loopback(c.health)},
		},
		"receivers": receivers,
		"exporters": map[string]any{"debug": map[string]any{}},
		"service": map[string]any{
			"extensions": []string{"meshstore", "health_check"},
			"pipelines":  pipelines,
			"telemetry":  map[string]any{"metrics": map[string]any{"level": "none"}},
		},
	})
}

// analyzerSettings are what the analyzer's configuration says.
type analyzerSettings struct {
	dsn, listen, state string
	slos               []string
	hookURL, hookKey   string
	meshURL, meshToken string
}

func (a analyzerSettings) yaml() ([]byte, error) {
	doc := map[string]any{
		"store": a.dsn, "listen": a.listen, "state": a.state, "evaluate_every": "1s",
		"mesh": map[string]any{"url": a.meshURL, "token_file": a.meshToken},
		"webhooks": []map[string]any{
			{"name": "lab", "url": a.hookURL, "secret_file": a.hookKey, "severities": []string{"page", "ticket"}},
		},
	}
	if len(a.slos) > 0 {
		doc["slos"] = a.slos
	}
	return yaml.Marshal(doc)
}

// database returns the database that a DSN names.
func database(dsn string) string {
	_, query, _ := strings.Cut(dsn, "?")
	for pair := range strings.SplitSeq(query, "&") {
		if name, ok := strings.CutPrefix(pair, "database="); ok {
			return name
		}
	}
	return "plimsoll"
}

func unixDSN(socket string) string { return fmt.Sprintf("unix://%s?database=plimsoll", socket) }
