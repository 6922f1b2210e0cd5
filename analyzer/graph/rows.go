package graph

import "github.com/plimsoll-mesh/plimsoll/record"

// countRow is one group of requests of one vantage, as the store adds them up.
type countRow struct {
	Src, Dst               string // node ids
	SrcService, SrcVersion string
	DstService, DstVersion string
	Route, Protocol        string
	Vantage                record.Vantage
	Outcome                record.Outcome
	Requests, Attempts     uint64
	MTLSKnown, MTLSMutual  uint64 // rows whose transport is known, and mutual TLS among them
	RequestBytes           uint64
	ResponseBytes          uint64
	First, Last            int64 // Unix µs of the first and the last bucket
}

// latencyRow is the histogram of the whole duration of requests of one route
// and vantage.
type latencyRow struct {
	Src, Dst, Route string
	Vantage         record.Vantage
	Hist            histogram
}

// pair names an edge without its route.
type pair struct{ Src, Dst string }

// view names the rows of one route in one vantage.
type view struct {
	route   string
	vantage record.Vantage
}
