package slo

import (
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// The words of the rooms below, which everyone who asks for a Status needs.
type (
	Count  = budget.Count
	Window = window.Window
	Row    = burn.Row
)

// Grid is the width of the finest rollup bucket.
const Grid = window.Grid

// Severities of a row, gravest first.
const (
	Page   = burn.Page
	Ticket = burn.Ticket
)
