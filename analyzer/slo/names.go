package slo

import (
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/spec"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Words of the rooms below, which everyone who asks for a Status needs.
type (
	// Count is budget.Count.
	Count = budget.Count
	// Window is window.Window.
	Window = window.Window
	// Row is burn.Row.
	Row = burn.Row
	// SLO is spec.SLO.
	SLO = spec.SLO
	// Indicator is spec.Indicator.
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
