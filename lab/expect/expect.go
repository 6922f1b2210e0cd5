// Package expect judges the expectations of a scenario: CEL expressions
// (https://cel.dev) over the report of the run.
//
// An expression sees
//
//	report   the whole report, with the field names of its JSON
//	phase    the phases by name: phase.calm.goodput
//	slo      the objectives by name: slo["checkout-availability"].state
//	edge     per phase name the observed edges by "src → dst", where src and dst
//	         are workload names: edge.calm["reviews-v2 → ratings"].requests
//	truth    the same for the lab's own counts
//
// and must be true or false.
package expect

import (
	"encoding/json"
	"fmt"
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
	anything := cel.MapType(cel.StringType, cel.DynType)
	env, err := cel.NewEnv(
		cel.Variable("report", anything),
		cel.Variable("phase", anything),
		cel.Variable("slo", anything),
		cel.Variable("edge", anything),
		cel.Variable("truth", anything),
		cel.CrossTypeNumericComparisons(true),
		ext.Math(),
		ext.Strings(),
	)
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
	value, _, err := program.Eval(vars)
	if err != nil {
		result.Detail = err.Error()
		return result, nil
	}
	holds, ok := value.Value().(bool)
	if !ok {
		result.Detail = fmt.Sprintf("the expression gave %v, not true or false", value.Value())
	}
	result.Holds = holds
	if !holds && ok {
		result.Detail = e.figures(expr, vars)
	}
	return result, nil
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
	return map[string]any{
		"report": whole,
		"phase":  byName(whole["phases"]),
		"slo":    byName(whole["slos"]),
		"edge":   edgesByPhase(whole["observed"]),
		"truth":  edgesByPhase(whole["truth"]),
	}, nil
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

func edgesByPhase(part any) map[string]any {
	phases := map[string]any{}
	fields, _ := part.(map[string]any)
	edges, _ := fields["edges"].([]any)
	for _, item := range edges {
		edge, ok := item.(map[string]any)
		if !ok {
			continue
		}
		phase, _ := edge["phase"].(string)
		if phases[phase] == nil {
			phases[phase] = map[string]any{}
		}
		phases[phase].(map[string]any)[short(edge["src"])+" → "+short(edge["dst"])] = edge
	}
	return phases
}

// short returns the workload of a node id: its last step.
func short(id any) string {
	s, _ := id.(string)
	return s[strings.LastIndexByte(s, '/')+1:]
}
