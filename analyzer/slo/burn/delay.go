package burn

import "time"

// TimeToFire returns how long an error ratio e must last, after none, until the
// row fires under flat traffic: factor × β × window ÷ e, for the window that
// takes longer; false if it never does.
func (r Row) TimeToFire(beta, e float64) (time.Duration, bool) {
	limit := r.Factor * beta
	if e <= limit {
		return 0, false
	}
	return time.Duration(limit / e * float64(max(r.Long, r.Short))), true
}

// TimeToClear returns how long after the end of an error ratio e, that lasted
// for longer than the short window, the row stops firing: S × (1 − factor × β ÷
// e). It is zero if the row did not fire.
func (r Row) TimeToClear(beta, e float64) time.Duration {
	limit := r.Factor * beta
	if e <= limit {
		return 0
	}
	return time.Duration((1 - limit/e) * float64(r.Short))
}

// Soonest returns when the first row of a severity fires at an error ratio e:
// the delay of the alert; false if none does.
func Soonest(rows []Row, severity string, beta, e float64) (best time.Duration, found bool) {
	for _, r := range rows {
		d, fires := r.TimeToFire(beta, e)
		if r.Severity == severity && fires && (!found || d < best) {
			best, found = d, true
		}
	}
	return best, found
}
