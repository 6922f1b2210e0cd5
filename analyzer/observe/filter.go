package observe

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// condition is SQL with its positional arguments.
type condition struct {
	sql  string
	args []any
}

func (c *condition) and(sql string, args ...any) {
	c.sql += " AND " + sql
	c.args = append(c.args, args...)
}

// where turns a filter into SQL. What a caller sends is only ever an argument.
func where(f *observev1.Filter) (c condition, err error) {
	c.peer("src", f.GetFrom())
	c.peer("dst", f.GetTo())
	if f.GetRoute() != "" {
		c.and("route = ?", f.GetRoute())
	}
	if d := f.GetSlowerThan(); d != nil {
		c.and("duration_us > ?", max(d.AsDuration().Microseconds(), 0))
	}
	if err := c.outcomes(f.GetOutcomes()); err != nil {
		return c, err
	}
	if err := c.flags(f.GetFlags()); err != nil {
		return c, err
	}
	for _, v := range f.GetVantages() {
		if !slices.Contains(record.VantageNames(), v) {
			return c, fmt.Errorf("unknown vantage %.40q: use %s", v, strings.Join(record.VantageNames()[1:], ", "))
		}
	}
	if v := f.GetVantages(); len(v) > 0 {
		c.and("has(?, toString(vantage))", v)
	}
	if f.GetTraceId() == "" {
		return c, nil
	}
	id, err := parseID(f.GetTraceId(), "trace id")
	c.and("trace_id = toFixedString(unhex(?), 16)", id)
	return c, err
}

// peer matches a node id, or the name of a service.
func (c *condition) peer(side, name string) {
	switch {
	case name == "":
	case strings.Contains(name, "/"):
		c.and(side+" = ?", name)
	default:
		c.and(side+"_service = ?", name)
	}
}

func (c *condition) outcomes(names []string) error {
	var all []string
	for _, name := range names {
		switch {
		case name == "failed":
			for n, o := range record.OutcomeNames() {
				if record.Outcome(n).Failed() {
					all = append(all, o)
				}
			}
		case slices.Contains(record.OutcomeNames(), name):
			all = append(all, name)
		default:
			return fmt.Errorf("unknown outcome %.40q: use failed, or %s", name, strings.Join(record.OutcomeNames(), ", "))
		}
	}
	if len(all) > 0 {
		c.and("has(?, toString(outcome))", all)
	}
	return nil
}

func (c *condition) flags(names []string) error {
	var set record.Flags
	for _, name := range names {
		bit := slices.IndexFunc(allFlags(), func(f record.Flags) bool { return strings.EqualFold(f.String(), name) })
		if bit < 0 {
			return fmt.Errorf("unknown flag %.40q: use Envoy's short codes, such as UT or UO", name)
		}
		set |= allFlags()[bit]
	}
	if set != 0 {
		c.and("bitAnd(flags, ?) != 0", uint64(set))
	}
	return nil
}

// allFlags lists every flag that has a name.
func allFlags() (out []record.Flags) {
	for f := record.FlagLH; f <= record.FlagDR; f <<= 1 {
		out = append(out, f)
	}
	return out
}

// parseID reads 16 bytes as hex digits, with or without the dashes of a UUID,
// and returns them without.
func parseID(text, what string) (string, error) {
	digits := strings.ToLower(strings.ReplaceAll(text, "-", ""))
	if b, err := hex.DecodeString(digits); err != nil || len(b) != 16 {
		return "", fmt.Errorf("%s %.60q is not made of 32 hex digits", what, text)
	}
	return digits, nil
}

// uuid writes 32 hex digits as a UUID, "" for zeroes.
func uuid(digits string) string {
	if strings.Trim(digits, "0") == "" || len(digits) != 32 {
		return ""
	}
	d := strings.ToLower(digits)
	return d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:]
}
