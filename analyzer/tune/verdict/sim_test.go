package verdict

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// epoch is where simulated time starts.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sim is a discrete-event model of one edge: open-loop Poisson requests, a
// proxy that keeps a policy, and a server with a few workers and a FIFO queue
// that rejects with 503 when full and goes on working for callers that left.
// The same seed gives the same rows.
type sim struct {
	server serverParams
	policy policy
	rps    float64
	slow   float64 // factor on work
	fail   float64 // share of answers that are a 500
	rand   *rand.Rand

	now    time.Duration
	seq    int
	events eventQueue

	busy    int
	waiting []func()

	active, activeRetries int

	calls    uint64
	tries    []Try
	requests []simRequest
}

type serverParams struct {
	workers, queue int
	median         time.Duration
	sigma          float64
}

type simRequest struct {
	end      time.Time
	attempts uint64
	timedOut bool
}

type event struct {
	at  time.Duration
	seq int
	run func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func newSim(seed uint64) *sim {
	return &sim{
		server: serverParams{workers: 10, queue: 300, median: 36 * time.Millisecond, sigma: 0.65},
		policy: policy{known: true},
		rps:    100,
		slow:   1,
		rand:   rand.New(rand.NewPCG(seed, seed)),
	}
}

func (s *sim) after(d time.Duration, run func()) {
	s.seq++
	heap.Push(&s.events, event{s.now + d, s.seq, run})
}

// run lets the time pass, with arrivals.
func (s *sim) run(d time.Duration) {
	end := s.now + d
	var arrive func()
	arrive = func() {
		if s.now >= end {
			return
		}
		s.request()
		s.after(s.exponential(), arrive)
	}
	s.after(s.exponential(), arrive)
	for len(s.events) > 0 && s.events[0].at < end {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.run()
	}
	s.now = end
}

func (s *sim) exponential() time.Duration {
	return time.Duration(s.rand.ExpFloat64() / s.rps * float64(time.Second))
}

func (s *sim) at(d time.Duration) time.Time { return epoch.Add(d) }

// request runs one logical request through the proxy.
func (s *sim) request() {
	s.calls++
	c := &simCall{s: s, id: s.calls, policy: s.policy}
	if c.policy.timeout > 0 {
		s.after(c.policy.timeout, c.routeTimeout)
	}
	c.try()
}

type simCall struct {
	s       *sim
	id      uint64
	policy  policy
	number  uint8
	done    bool
	cancel  func(flags record.Flags) // ends the running try
	inRetry bool
}

func (c *simCall) finish(timedOut bool) {
	c.done = true
	c.s.requests = append(c.s.requests, simRequest{c.s.at(c.s.now), uint64(c.number), timedOut})
}

func (c *simCall) routeTimeout() {
	if c.done {
		return
	}
	if c.cancel != nil {
		c.done = true
		c.cancel(record.FlagUT)
	}
	c.finish(true)
}

func (c *simCall) try() {
	s := c.s
	if c.done {
		return
	}
	if limit := s.policy.maxRequests; limit > 0 && s.active >= int(limit) {
		c.finish(false)
		return
	}
	c.number++
	c.inRetry = c.number > 1
	s.active++
	s.activeRetries += one(c.inRetry)
	start, number, over := s.now, c.number, false
	end := func(code uint16, flags record.Flags) {
		if over {
			return
		}
		over, c.cancel = true, nil
		s.active--
		s.activeRetries -= one(number > 1)
		s.record(c.id, number, start, code, flags)
		c.answered(code)
	}
	c.cancel = func(flags record.Flags) { end(0, flags) }
	if c.policy.perTry > 0 {
		s.after(c.policy.perTry+time.Duration(s.rand.IntN(1500))*time.Microsecond, func() { end(0, record.FlagUT) })
	}
	s.serve(func(code uint16) { end(code, 0) })
}

// answered decides on a retry.
func (c *simCall) answered(code uint16) {
	switch s := c.s; {
	case c.done:
	case code != 0 && code < 500 || uint32(c.number) > c.policy.retries || !s.budgetLeft(c.policy):
		c.finish(false)
	default:
		s.after(time.Duration(s.rand.Int64N(int64(backoff))), c.try)
	}
}

func (s *sim) budgetLeft(p policy) bool {
	if p.budget == 0 {
		return true
	}
	return float64(s.activeRetries) < max(float64(p.minRetries), p.budget/100*float64(s.active))
}

// record writes the row of a try.
func (s *sim) record(call uint64, number uint8, start time.Duration, code uint16, flags record.Flags) {
	t := Try{
		End:      s.at(s.now),
		Duration: uint32((s.now - start).Microseconds()),
		Call:     call,
		Number:   number,
		Code:     code,
		Flags:    flags,
		Outcome:  record.ClassifyAttempt(code, -1, flags, ""),
	}
	if code != 0 {
		t.FirstByte = t.Duration
	}
	s.tries = append(s.tries, t)
}

// serve hands a try to the server.
func (s *sim) serve(answer func(code uint16)) {
	job := func() {
		s.busy++
		s.after(s.work(), func() {
			s.busy--
			if len(s.waiting) > 0 {
				next := s.waiting[0]
				s.waiting = s.waiting[1:]
				next()
			}
			answer(s.status())
		})
	}
	switch {
	case s.busy < s.server.workers:
		job()
	case len(s.waiting) < s.server.queue:
		s.waiting = append(s.waiting, job)
	default:
		s.after(300*time.Microsecond, func() { answer(503) })
	}
}

func (s *sim) status() uint16 {
	if s.rand.Float64() < s.fail {
		return 500
	}
	return 200
}

func (s *sim) work() time.Duration {
	return time.Duration(s.slow * float64(s.server.median) * math.Exp(s.server.sigma*s.rand.NormFloat64()))
}

// rows cuts a window out of what was recorded.
func (s *sim) rows(from, to time.Duration) Rows {
	r := Rows{From: s.at(from), To: s.at(to)}
	in := func(t time.Time) bool { return !t.Before(r.From) && t.Before(r.To) }
	for _, t := range s.tries {
		if in(t.End) {
			r.Tries = append(r.Tries, t)
		}
	}
	for _, q := range s.requests {
		if in(q.end) {
			r.Requests.Total++
			r.Requests.Attempts += q.attempts
			if q.timedOut {
				r.Requests.TimedOut++
			}
		}
	}
	return r
}
