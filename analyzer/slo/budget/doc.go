// Package budget is the arithmetic of error budgets: pure functions of integer
// counts.
//
// Count holds the events of a window, and every figure is computed from it at
// the end: counts are summed first and divided last, ratios are never averaged.
// With the target τ the budget fraction is β = 1 − τ, and
//
//	error ratio       e  = bad ÷ total              undefined without events
//	burn rate         BR = e ÷ β                    1 spends the budget in one period
//	budget allowed       = β × total                in events, over the period
//	budget remaining  R  = 1 − bad ÷ (β × total)    = 1 − BR, signed, never clamped
//
// Slices turns the counts of slices of time into a Count too, so that
// Timeslices and RatioTimeslices use the same formulas; a slice is then one
// event (Scale). Composite adds the burn of several objectives.
package budget
