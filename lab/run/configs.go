package run

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// collectorConfig is the configuration of the collector, as a user would write
// it.
func collectorConfig(dsn, quarantine string, als, health int) ([]byte, error) {
	return yaml.Marshal(map[string]any{
		"extensions": map[string]any{
			"meshstore":    map[string]any{"endpoint": dsn, "collector": "lab", "quarantine": quarantine},
			"health_check": map[string]any{"endpoint": loopback(health)},
		},
		"receivers": map[string]any{
			"envoyals": map[string]any{"endpoint": loopback(als), "store": "meshstore"},
		},
		"exporters": map[string]any{"debug": map[string]any{}},
		"service": map[string]any{
			"extensions": []string{"meshstore", "health_check"},
			"pipelines":  map[string]any{"logs": map[string]any{"receivers": []string{"envoyals"}, "exporters": []string{"debug"}}},
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
