package main

import (
	"strings"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
)

// The tables of one opened call. Each row names its vantage and its source.

func requestTable(a *observev1.OpenRequestResponse) table {
	t := table{columns: []column{
		textColumn("REQUEST_END"), textColumn("VANTAGE"), textColumn("SOURCE"), textColumn("FROM"), textColumn("TO"), textColumn("ROUTE"),
		numberColumn("CODE"), textColumn("OUTCOME"), numberColumn("MS"), numberColumn("TRIES"), numberColumn("TRY"), textColumn("FLAGS"),
		textColumn("DETAILS").onlyWide(), textColumn("UPSTREAM").onlyWide(), textColumn("PROXY").onlyWide(), textColumn("CALL").onlyWide(), textColumn("TRACE").onlyWide(),
	}}
	for _, r := range a.Requests {
		t.add(r.At.AsTime().Format("2006-01-02T15:04:05.000000Z"), r.Vantage, r.Source, clean(r.Src), clean(r.Dst), clean(r.Route),
			countCell(uint64(r.Code)), r.Outcome, microsCell(uint64(r.DurationUs)), countCell(uint64(r.Attempts)), ordinalCell(r.Attempt), strings.Join(r.Flags, ","),
			clean(r.Details), clean(r.Upstream), clean(r.Proxy), r.CallId, r.TraceId)
	}
	return t
}

func tryTable(a *observev1.OpenRequestResponse) table {
	t := table{columns: []column{
		numberColumn("TRY"), textColumn("TRY_END"), textColumn("VANTAGE"), textColumn("SOURCE"), textColumn("TO"), textColumn("UPSTREAM"),
		numberColumn("CODE"), textColumn("OUTCOME"), numberColumn("MS"), numberColumn("POOL_MS"), numberColumn("FIRST_BYTE_MS"), textColumn("FLAGS"),
		textColumn("FAILURE").onlyWide(), textColumn("PROXY").onlyWide(),
	}}
	for _, r := range a.Tries {
		t.add(ordinalCell(r.Number), r.At.AsTime().Format("2006-01-02T15:04:05.000000Z"), r.Vantage, r.Source, clean(r.Dst), clean(r.Upstream),
			countCell(uint64(r.Code)), r.Outcome, microsCell(uint64(r.DurationUs)), microsCell(uint64(r.PoolWaitUs)), microsCell(uint64(r.FirstByteUs)),
			strings.Join(r.Flags, ","), clean(r.Failure), clean(r.Proxy))
	}
	return t
}

func momentTable(a *observev1.OpenRequestResponse) table {
	t := table{columns: []column{
		numberColumn("OFFSET_MS"), textColumn("MOMENT"), textColumn("VANTAGE"), textColumn("SOURCE"), numberColumn("TRY"), textColumn("DETAIL"), textColumn("PROXY").onlyWide(),
	}}
	for _, m := range a.Moments {
		t.add(decimalCell(float64(m.OffsetUs)/1000, 3), m.What, m.Vantage, m.Source, ordinalCell(m.Try), clean(m.Detail), clean(m.Proxy))
	}
	return t
}

func spanTable(a *observev1.OpenRequestResponse) table {
	t := table{columns: []column{
		textColumn("SPAN_START"), textColumn("KIND"), textColumn("SOURCE"), textColumn("SERVICE"), textColumn("NAME"), numberColumn("MS"), textColumn("STATUS"),
		textColumn("SPAN"), textColumn("PARENT"), textColumn("MESSAGE").onlyWide(), textColumn("PROXY").onlyWide(),
	}}
	for _, s := range a.Spans {
		t.add(s.Start.AsTime().Format("2006-01-02T15:04:05.000000Z"), s.Vantage, s.Source, clean(firstOf(s.Service, s.Node)), clean(s.Name), microsCell(s.DurationUs), s.Status,
			s.SpanId, s.ParentId, clean(s.StatusMessage), clean(s.Proxy))
	}
	return t
}

func logTable(a *observev1.OpenRequestResponse) table {
	t := table{columns: []column{
		textColumn("LOG_TIME"), textColumn("VANTAGE"), textColumn("SOURCE"), textColumn("SERVICE"), numberColumn("SEVERITY"), textColumn("BODY"), textColumn("SPAN").onlyWide(),
	}}
	for _, l := range a.Logs {
		t.add(l.At.AsTime().Format("2006-01-02T15:04:05.000000Z"), l.Vantage, l.Source, clean(firstOf(l.Service, l.Node)), ordinalCell(l.Severity), clean(l.Body), l.SpanId)
	}
	return t
}

func configTable(a *observev1.OpenRequestResponse) table {
	t := table{columns: []column{
		textColumn("IN_FORCE_SINCE"), textColumn("SOURCE"), textColumn("KIND"), textColumn("NAMESPACE"), textColumn("NAME"), numberColumn("GENERATION"),
		textColumn("ACTOR").onlyWide(), textColumn("REASON").onlyWide(),
	}}
	for _, c := range a.Config {
		t.add(timeCell(c.Since), c.Source, clean(c.Kind), clean(c.Namespace), clean(c.Name), countCell(c.Generation), clean(c.Actor), clean(c.Reason))
	}
	return t
}

func microsCell(us uint64) string { return decimalCell(float64(us)/1000, 3) }

// ordinalCell writes a number from 1; 0 is unknown.
func ordinalCell(n uint32) string {
	if n == 0 {
		return ""
	}
	return countCell(uint64(n))
}
