package verdict

// The verdicts on a knob.
const (
	// Recommend: the rows support another value than the one in force.
	Recommend = "RECOMMEND"
	// Keep: the value in force agrees with the rows.
	Keep = "KEEP"
	// Probe: the rows cannot tell, and the value would make them tell at
	// bounded harm.
	Probe = "PROBE"
	// Conflict: two constraints leave no value; the reason names both.
	Conflict = "CONFLICT"
	// Insufficient: rows or facts are missing; the reason says which.
	Insufficient = "INSUFFICIENT"
)

// The knobs, in the order of a plan.
const (
	KnobRetries     = "retries"
	KnobRetryBudget = "retry_budget"
	KnobTimeout     = "timeout"
	KnobMaxRequests = "max_requests"
	KnobPerTry      = "per_try_timeout"
)

// sets tells whether a verdict gives its knob a value.
func sets(verdict string) bool { return verdict == Recommend || verdict == Keep || verdict == Probe }
