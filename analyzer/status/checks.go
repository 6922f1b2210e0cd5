package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// Results of a check.
const (
	resultOK      = "ok"
	resultWarning = "warning"
	resultError   = "error"
)

// fresh is the greatest age of a watermark in good health: its margin, and
// what a collector needs to seal, send and report a block.
const fresh = query.Margin + 10*time.Second

// silent is how long a proxy may say nothing while its collector reports.
const silent = 30 * time.Second

// maxNamed bounds the names listed in one detail.
const maxNamed = 5

// checks judges the facts, in the order of the codes.
func checks(f facts) []*statusv1.Check {
	out := []*statusv1.Check{checkStore(f)}
	if f.storeErr == nil {
		out = append(out, checkSchema(f))
	}
	if f.storeErr == nil && f.schemaErr == nil {
		out = append(out, checkWatermark(f), checkCollectors(f), checkProxies(f))
	}
	if f.meshEnabled {
		out = append(out, checkMesh(f))
	}
	return out
}

func checkStore(f facts) *statusv1.Check {
	c := &statusv1.Check{Code: "PLM001", Name: "store answers"}
	if f.storeErr != nil {
		return bad(c, resultError, "the store does not answer: "+f.storeErr.Error(),
			`start it ("plimsoll clickhouse run"), or correct "store" in the analyzer's configuration`)
	}
	return good(c, "ClickHouse "+f.store)
}

func checkSchema(f facts) *statusv1.Check {
	c := &statusv1.Check{Code: "PLM002", Name: "tables are there"}
	if f.schemaErr != nil {
		return bad(c, resultError, "the tables cannot be read: "+f.schemaErr.Error(),
			"start a collector on this store: it makes the tables")
	}
	detail := fmt.Sprintf("schema version %d", f.schema)
	const expected = query.SchemaVersion
	switch {
	case f.schema < expected:
		return bad(c, resultError, fmt.Sprintf("%s, this analyzer expects %d", detail, expected),
			"start a collector of this analyzer's version on the store: it migrates the tables")
	case f.schema > expected:
		return bad(c, resultWarning, fmt.Sprintf("%s, this analyzer knows only %d", detail, expected),
			"a newer Plimsoll has migrated the tables: bring this analyzer to its version")
	}
	return good(c, detail)
}

func checkWatermark(f facts) *statusv1.Check {
	c := &statusv1.Check{Code: "PLM003", Name: "watermark is fresh"}
	if f.watermark.At.IsZero() {
		return bad(c, resultError, f.watermark.Reason, "start a collector, or look into its log")
	}
	if !f.watermark.Live() {
		return bad(c, resultError, f.watermark.Reason,
			"start a collector, or look into its log; until then answers end there and SLOs are without data")
	}
	age := f.now.Sub(f.watermark.At).Round(100 * time.Millisecond)
	detail := fmt.Sprintf("%s behind now", age)
	if age > fresh {
		return bad(c, resultWarning, detail,
			"a collector is slow to store what it received: look at its log and at the load of the store")
	}
	return good(c, detail)
}

func checkCollectors(f facts) *statusv1.Check {
	c := &statusv1.Check{Code: "PLM004", Name: "collectors report"}
	if gone := f.watermark.Silent; len(gone) > 0 {
		return bad(c, resultWarning, fmt.Sprintf("silent for more than %s: %s", query.Live, list(gone)),
			"rows of their proxies are missing since then: start them again, or wait an hour if they were taken away")
	}
	return good(c, fmt.Sprintf("%d live", len(f.watermark.Collectors)))
}

func checkProxies(f facts) *statusv1.Check {
	c := &statusv1.Check{Code: "PLM005", Name: "proxies report"}
	if f.proxiesErr != nil {
		return bad(c, resultError, f.proxiesErr.Error(), "look at the load and the log of the store")
	}
	var gone []string
	for _, p := range f.proxies {
		if f.now.Sub(p.seen) > silent {
			gone = append(gone, p.id)
		}
	}
	switch {
	case len(f.proxies) == 0:
		return bad(c, resultWarning, fmt.Sprintf("no proxy has sent anything within %s", lookback),
			"point the proxies' access log service at the collector")
	case len(gone) > 0:
		return bad(c, resultWarning, fmt.Sprintf("%d of %d silent for more than %s: %s", len(gone), len(f.proxies), silent, list(gone)),
			"see whether these proxies run and reach the collector")
	}
	return good(c, fmt.Sprintf("%d report", len(f.proxies)))
}

func checkMesh(f facts) *statusv1.Check {
	c := &statusv1.Check{Code: "PLM006", Name: "mesh can be reached"}
	if f.meshErr != nil {
		return bad(c, resultError, f.meshErr.Error(), `see whether it runs, and "mesh" in the analyzer's configuration`)
	}
	return good(c, "it answers")
}

func good(c *statusv1.Check, detail string) *statusv1.Check {
	c.Result, c.Detail = resultOK, detail
	return c
}

func bad(c *statusv1.Check, result, detail, hint string) *statusv1.Check {
	c.Result, c.Detail, c.Hint = result, detail, hint
	return c
}

// list joins names in order, and says how many more there are.
func list(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if more := len(names) - maxNamed; more > 0 {
		return strings.Join(names[:maxNamed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
