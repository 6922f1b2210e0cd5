package main

import (
	"fmt"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

func doctorResult(r *statusv1.DoctorReport) result {
	out := result{message: r, empty: "Nothing was looked at."}
	for _, f := range r.Findings {
		out.names = append(out.names, f.Code)
	}
	for _, c := range r.Checks {
		if c.Result == "ok" {
			out.names = append(out.names, c.Code)
		}
	}
	out.tables = []table{
		findingTable(r.Findings), checkTable(r.Checks), proxyTable(r.Proxies), accountTable(r.Accounts), collectorTable(r.Collectors),
		blindTable(r.BlindIntervals), storeTable(r.Tables), mergeTable(r.Merges), mutationTable(r.Mutations),
	}
	return out
}

// findingTable has a sentence for each finding.
func findingTable(findings []*statusv1.Finding) table {
	t := table{columns: []column{textColumn("FINDING"), textColumn("ABOUT"), textColumn("WHAT"), textColumn("REMEDY")}}
	for _, f := range findings {
		t.add(f.Code, clean(f.Subject), clean(f.Detail), clean(f.Remedy))
	}
	return t
}

func checkTable(checks []*statusv1.Check) table {
	t := table{columns: []column{textColumn("RESULT"), textColumn("CODE"), textColumn("CHECK"), textColumn("DETAIL")}}
	for _, c := range checks {
		detail := c.Detail
		if c.Result != "ok" {
			detail = "see above"
		}
		t.add(c.Result, c.Code, c.Name, clean(detail))
	}
	return t
}

func proxyTable(proxies []*statusv1.ProxyStatus) table {
	t := table{columns: []column{
		textColumn("PROXY"), textColumn("COLLECTOR"), textColumn("LAST_SEEN"), numberColumn("REQUESTS"), numberColumn("ATTEMPTS"),
	}}
	for _, p := range proxies {
		t.add(clean(p.Proxy), clean(p.Collector), timeCell(p.LastSeen), countCell(p.Requests), countCell(p.Attempts))
	}
	return t
}

func accountTable(accounts []*statusv1.ProxyAccount) table {
	t := table{columns: []column{
		textColumn("PROXY"), numberColumn("WRITTEN"), numberColumn("DROPPED"), numberColumn("RECEIVED"), numberColumn("SILENT_LOSS"),
		numberColumn("COMPLETE_PCT"), textColumn("IDENTITY"), numberColumn("RESETS").onlyWide(), textColumn("FROM").onlyWide(),
		textColumn("TO").onlyWide(), textColumn("NODE").onlyWide(), textColumn("WHY_UNKNOWN"),
	}}
	for _, a := range accounts {
		cells := []string{clean(a.Proxy), "", "", "", "", "", identityCell(a.Identity)}
		if a.Received != nil {
			cells = []string{
				clean(a.Proxy), decimalCell(a.Written, 0), decimalCell(a.Dropped, 0), rangeCell(a.Received, 1, 0),
				rangeCell(a.SilentLoss, 1, 0), rangeCell(a.Completeness, 100, 2), identityCell(a.Identity),
			}
		}
		t.add(append(cells, countCell(uint64(a.Resets)), timeCell(a.From), timeCell(a.To), clean(a.Node), a.Reason)...)
	}
	return t
}

// rangeCell writes the bounds of a figure, one number where they meet.
func rangeCell(f *typesv1.Figure, times float64, digits int) string {
	if f == nil {
		return ""
	}
	low, high := decimalCell(f.Low*times, digits), decimalCell(f.High*times, digits)
	if low == high {
		return low
	}
	return low + "–" + high
}

func identityCell(i *statusv1.CounterIdentity) string {
	switch {
	case i == nil || i.Reason != "":
		return ""
	case i.Broken:
		return fmt.Sprintf("off by %.0f", i.Gap)
	}
	return "holds"
}

func collectorTable(collectors []*statusv1.Collector) table {
	t := table{columns: []column{
		textColumn("COLLECTOR"), textColumn("STARTED"), textColumn("LAST_SEEN"), textColumn("COMPLETE_THROUGH").onlyWide(), numberColumn("LAG_S"), numberColumn("PROXIES"),
	}}
	for _, c := range collectors {
		lag := ""
		if c.Lag != nil {
			lag = decimalCell(c.Lag.AsDuration().Seconds(), 1)
		}
		t.add(clean(c.Name), timeCell(c.Started), timeCell(c.LastSeen), timeCell(c.CompleteThrough), lag, countCell(c.Proxies))
	}
	return t
}

func blindTable(intervals []*statusv1.BlindInterval) table {
	t := table{columns: []column{textColumn("BLIND_COLLECTOR"), textColumn("FROM"), textColumn("TO")}}
	for _, b := range intervals {
		to := timeCell(b.To)
		if b.Open {
			to = "not back"
		}
		t.add(clean(b.Collector), timeCell(b.From), to)
	}
	return t
}

func storeTable(tables []*statusv1.TableReport) table {
	t := table{columns: []column{
		textColumn("TABLE"), numberColumn("ROWS"), numberColumn("PARTS"), numberColumn("MOST_PARTS").onlyWide(), numberColumn("BYTES"),
		numberColumn("COMPRESSION"), textColumn("OLDEST"), textColumn("NEWEST").onlyWide(), textColumn("KEPT_FOR"),
		numberColumn("DEDUP_WINDOW"), numberColumn("INSERTS_PER_H"), textColumn("OUTLASTS_1H").onlyWide(),
	}}
	for _, r := range tables {
		compression := ""
		if r.Compression > 0 {
			compression = decimalCell(r.Compression, 1)
		}
		t.add(r.Name, countCell(r.Rows), countCell(r.Parts), countCell(r.MostParts), countCell(r.Bytes), compression, timeCell(r.Oldest),
			timeCell(r.Newest), durationCell(r.Retention), countCell(r.DedupWindow), countCell(r.InsertsPerHour), yesCell(r.DedupOutlastsHour))
	}
	return t
}

func yesCell(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func mergeTable(merges []*statusv1.Merge) table {
	t := table{columns: []column{textColumn("MERGE_OF"), numberColumn("SECONDS"), numberColumn("DONE_PCT"), numberColumn("PARTS"), numberColumn("BYTES")}}
	for _, m := range merges {
		t.add(m.Table, decimalCell(m.Elapsed.AsDuration().Seconds(), 0), decimalCell(100*m.Progress, 0), countCell(m.Parts), countCell(m.Bytes))
	}
	return t
}

func mutationTable(mutations []*statusv1.Mutation) table {
	t := table{columns: []column{textColumn("CHANGE_OF"), numberColumn("PARTS_TO_DO"), textColumn("COMMAND"), textColumn("FAILURE")}}
	for _, m := range mutations {
		t.add(m.Table, fmt.Sprint(m.Parts), clean(m.Command), clean(m.Failure))
	}
	return t
}
