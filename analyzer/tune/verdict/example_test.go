package verdict_test

import (
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// A hundred tries a second, of which every tenth is cut at 50 ms: what needs no
// tail is recommended, the tail itself is left to a probe.
func ExampleJudge() {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	calm := verdict.Rows{From: from, To: from.Add(10 * time.Second)}
	for i := range 1000 {
		try := verdict.Try{
			End: from.Add(time.Duration(i) * 10 * time.Millisecond), Call: uint64(i + 1),
			Duration: 20_000, FirstByte: 20_000, Code: 200, Outcome: record.OutcomeOK,
		}
		if i%10 == 0 {
			try.Duration, try.FirstByte, try.Code = 50_000, 0, 0
			try.Outcome, try.Flags = record.OutcomeTimeout, record.FlagUT
		}
		calm.Tries = append(calm.Tries, try)
	}
	plan := verdict.Judge(verdict.Input{Healthy: calm, Deadline: time.Second})
	for _, r := range plan.GetRecommendations() {
		fmt.Printf("%s: %s %s.\n", r.GetKnob(), r.GetVerdict(), r.GetTo())
	}
	// Output:
	// retries: INSUFFICIENT .
	// retry_budget: RECOMMEND 20%.
	// timeout: RECOMMEND 900ms.
	// max_requests: RECOMMEND 5.
	// per_try_timeout: PROBE 400ms.
}
