// Package expect judges the expectations of a scenario: CEL expressions
// (https://cel.dev) over the report of the run.
//
// An expression sees
//
//	report   the whole report, with the field names of its JSON; each of its
//	         fields also stands for itself: telemetry.rows, alerts, seed
//	phase    the phases by name: phase.calm.goodput
//	slo      the objectives by name: slo["checkout-availability"].state
//	edge     per phase the edges by "src → dst", with the last part of the node
//	         ids, and for each what the lab counted and what Plimsoll observed:
//	         edge.calm["reviews-v2 → ratings"].truth.requests; of a pair with
//	         several routes each by "src → dst route"
//
// and must be true or false.
package expect

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
)

// Evaluator compiles and evaluates expectations.
type Evaluator struct {
	env *cel.Env
}

// New returns an Evaluator.
func New() (*Evaluator, error) {
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true), ext.Math(), ext.Strings()}
	empty, err := variables(&report.Report{})
	if err != nil {
		return nil, err
	}
	for name := range empty {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("building the expression language: %w", err)
	}
	return &Evaluator{env: env}, nil
}

// Check tells what is wrong with an expression, before anything runs.
func (e *Evaluator) Check(expr string) error {
	_, err := e.compile(expr)
	return err
}

func (e *Evaluator) compile(expr string) (cel.Program, error) {
	ast, issues := e.env.Compile(expr)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("%s", strings.ReplaceAll(strings.TrimSpace(err.Error()), "<input>", "expression"))
	}
	if t := ast.OutputType(); t != cel.BoolType && t != cel.DynType {
		return nil, fmt.Errorf("the expression is of type %s, not true or false", t)
	}
	program, err := e.env.Program(ast, cel.CostLimit(1_000_000))
	if err != nil {
		return nil, fmt.Errorf("preparing expression: %w", err)
	}
	return program, nil
}

// Judge evaluates one expectation over the report. What cannot be evaluated
// (a phase that does not exist, say) does not hold, and Detail says why.
func (e *Evaluator) Judge(name, expr string, r *report.Report) (report.Expectation, error) {
	result := report.Expectation{Name: name, Expr: expr}
	vars, err := variables(r)
	if err != nil {
		return result, err
	}
	program, err := e.compile(expr)
	if err != nil {
		return result, err
	}
	result.Holds, result.Detail = e.evaluate(program, expr, vars)
	return result, nil
}

// evaluate answers whether an expression is true of the report, and if not, why.
func (e *Evaluator) evaluate(program cel.Program, expr string, vars map[string]any) (holds bool, detail string) {
	value, _, err := program.Eval(vars)
	if err != nil {
		return false, err.Error()
	}
	holds, ok := value.Value().(bool)
	switch {
	case !ok:
		return false, fmt.Sprintf("the expression gave %v, not true or false", value.Value())
	case !holds:
		return false, e.figures(expr, vars)
	}
	return true, ""
}

// variables turns the report into what an expression sees.
func variables(r *report.Report) (map[string]any, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding report for expectations: %w", err)
	}
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, fmt.Errorf("decoding report for expectations: %w", err)
	}
	vars := maps.Clone(whole)
	vars["report"] = whole
	vars["phase"] = byName(whole["phases"])
	vars["slo"] = byName(whole["slos"])
	vars["edge"] = edgesByPhase(whole)
	return vars, nil
}

func byName(list any) map[string]any {
	named := map[string]any{}
	items, _ := list.([]any)
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok {
			if name, ok := fields["name"].(string); ok {
				named[name] = fields
			}
		}
	}
	return named
}

// edgesByPhase brings the lab's and Plimsoll's counts of an edge together: under
// "src → dst route", and under "src → dst" where the pair has one route only, so
// that an expectation never judges one route in the name of all.
func edgesByPhase(whole map[string]any) map[string]any {
	phases := map[string]any{}
	routes := map[string]string{} // by phase and pair: the only route, "*" for several
	for _, side := range []string{"truth", "observed"} {
		fields, _ := whole[side].(map[string]any)
		edges, _ := fields["edges"].([]any)
		for _, item := range edges {
			row, ok := item.(map[string]any)
			if !ok {
				continue
			}
			name, _ := row["phase"].(string)
			route, _ := row["route"].(string)
			pair := short(row["src"]) + " → " + short(row["dst"])
			phase := child(phases, name)
			child(phase, pair+" "+route)[side] = row
			if strings.HasPrefix(route, "~") { // a remainder, not a route
				continue
			}
			switch only, seen := routes[name+pair]; {
			case !seen || only == route:
				routes[name+pair] = route
				child(phase, pair)[side] = row
			default:
				routes[name+pair] = "*"
				delete(phase, pair)
			}
		}
	}
	return phases
}

// child returns the map under a key, made if there is none.
func child(parent map[string]any, key string) map[string]any {
	m, ok := parent[key].(map[string]any)
	if !ok {
		m = map[string]any{}
		parent[key] = m
	}
	return m
}

// short returns the workload of a node id: its last step.
func short(id any) string {
	s, _ := id.(string)
	return s[strings.LastIndexByte(s, '/')+1:]
}
