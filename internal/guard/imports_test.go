package guard

import (
	"strings"
	"testing"
)

// borders lists for each room what else of this module it may import, the
// longest matching prefix deciding. A room may always import itself.
var borders = map[string][]string{
	"record":                 {},
	"internal":               {},
	"api":                    {},
	"store":                  {"record"},
	"collector":              {"record", "store", "internal/yamlfile"},
	"analyzer":               {"record", "store/query", "api", "internal/yamlfile"},
	"mesh":                   {"api", "internal/yamlfile"},
	"lab":                    {"mesh", "api", "internal/yamlfile"},
	"cmd/plimsoll":           {"api", "analyzer", "collector", "internal", "lab", "mesh", "record", "store"},
	"cmd/plimsoll-collector": {"collector", "store/ingest"},
	"cmd/plimsoll-proxy":     {"mesh/agent", "mesh/ca"},
	"bench":                  {"collector", "internal", "lab", "mesh", "record", "store"},
}

func TestImportBorders(t *testing.T) {
	for _, p := range packages(t) {
		room, allowed, ok := borderOf(p.room())
		if !ok {
			t.Errorf("%s: no border is defined for this folder; add it to the table and to ARCHITECTURE.md", p.room())
			continue
		}
		for _, path := range p.Imports {
			other, ours := strings.CutPrefix(path, module+"/")
			if ours && !within(other, room) && !withinAny(other, allowed) {
				t.Errorf("%s imports %s, but %s may only import %v", p.room(), other, room, allowed)
			}
		}
	}
}

// TestRecordImportsOnlyTheStandardLibrary keeps the data model free.
func TestRecordImportsOnlyTheStandardLibrary(t *testing.T) {
	for _, p := range packages(t) {
		if p.room() != "record" {
			continue
		}
		for _, path := range p.Imports {
			if strings.Contains(strings.Split(path, "/")[0], ".") {
				t.Errorf("record imports %s", path)
			}
		}
	}
}

// banned lists packages that no code of ours imports, with the reason.
var banned = map[string]string{
	"log":                         "log with an injected *slog.Logger",
	"io/ioutil":                   "deprecated",
	"github.com/stretchr/testify": "use testing and go-cmp",
	"github.com/pkg/errors":       "archived; use errors and %w",
	"gopkg.in/yaml.v3":            "unmaintained; use go.yaml.in/yaml/v3",
	"github.com/gogo/protobuf":    "dead; use google.golang.org/protobuf",
	"github.com/golang/protobuf":  "superseded by google.golang.org/protobuf",
}

func TestBannedImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			for bad, reason := range banned {
				if path == bad || strings.Contains(bad, ".") && within(path, bad) {
					t.Errorf("%s imports %s: %s", p.room(), path, reason)
				}
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" && !strings.HasPrefix(p.room(), "api/gen/") {
			t.Errorf("%s has no package comment", p.room())
		}
	}
}

func borderOf(room string) (name string, allowed []string, ok bool) {
	for prefix, list := range borders {
		if within(room, prefix) && len(prefix) > len(name) {
			name, allowed, ok = prefix, list, true
		}
	}
	return name, allowed, ok
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func withinAny(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if within(path, p) {
			return true
		}
	}
	return false
}
