package slo

import (
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/spec"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// The words of the rooms below, which everyone who asks for a Status needs.
type (
	Count     = budget.Count
	Window    = window.Window
	Row       = burn.Row
	SLO       = spec.SLO
	Indicator = spec.Indicator
)

// Grid is the width of the finest rollup bucket.
const Grid = window.Grid

// Severities of a row, gravest first.
const (
	Page   = burn.Page
	Ticket = burn.Ticket
)

// Load reads all SLOs of the given files strictly; see spec.Load.
func Load(paths []string) ([]*SLO, error) { return spec.Load(paths) }

// Parse reads the SLOs of documents strictly; see spec.Parse.
func Parse(docs []yamlfile.Doc) ([]*SLO, error) { return spec.Parse(docs) }
