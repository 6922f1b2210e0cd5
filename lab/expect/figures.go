package expect

import (
	"fmt"
	"regexp"
	"strings"
)

// path matches the plain look-ups in an expression: phase.calm.goodput,
// slo["x"].state. Their values are what a reader asks for when it fails.
var path = regexp.MustCompile(`\b(?:report|phase|slo|edge|telemetry|machine)(?:\.\w+|\["[^"]*"\]|\['[^']*'\])+`)

// figures returns the values that stand in an expression, for a failure's text.
func (e *Evaluator) figures(expr string, vars map[string]any) string {
	var parts []string
	seen := map[string]bool{}
	for _, p := range path.FindAllString(expr, -1) {
		if seen[p] || strings.HasSuffix(p, ".exists") || strings.HasSuffix(p, ".all") || strings.HasSuffix(p, ".filter") {
			continue
		}
		seen[p] = true
		ast, issues := e.env.Compile(p)
		if issues.Err() != nil {
			continue
		}
		program, err := e.env.Program(ast)
		if err != nil {
			continue
		}
		if value, _, err := program.Eval(vars); err == nil {
			parts = append(parts, p+" = "+plain(value.Value()))
		}
	}
	return strings.Join(parts, ", ")
}

func plain(v any) string {
	switch x := v.(type) {
	case float64:
		return fmt.Sprintf("%.4g", x)
	case string:
		return fmt.Sprintf("%q", x)
	case bool, int64:
		return fmt.Sprint(x)
	}
	return "…"
}
