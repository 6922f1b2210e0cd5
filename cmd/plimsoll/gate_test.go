package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"connectrpc.com/connect"

	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
)

// slowGate decides at the third check.
type slowGate struct{ checks int }

func (g *slowGate) Check(context.Context, *connect.Request[gatev1.CheckRequest]) (*connect.Response[gatev1.CheckResponse], error) {
	g.checks++
	a := &gatev1.CheckResponse{Verdict: "not_enough", Reason: "too few", Window: window(0, 0)}
	if g.checks == 3 {
		a.Verdict, a.Final = "pass", true
	}
	return connect.NewResponse(a), nil
}

// TestGateWaits asks until the verdict is final, and says a reason once.
func TestGateWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var notes bytes.Buffer
		g := &slowGate{}
		p := &printer{format: formatTable, errOut: &notes}
		a, err := waitForVerdict(t.Context(), g, &gatev1.CheckRequest{}, false, p)
		if err != nil || a.Verdict != "pass" || g.checks != 3 || strings.Count(notes.String(), "too few") != 1 {
			t.Errorf("%v after %d checks, error %v, notes %q", a, g.checks, err, notes.String())
		}
		once := &slowGate{}
		if a, err = waitForVerdict(t.Context(), once, &gatev1.CheckRequest{}, true, p); err != nil || a.Verdict != "not_enough" || once.checks != 1 {
			t.Errorf("--once: %v after %d checks, error %v", a, once.checks, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err = waitForVerdict(ctx, &slowGate{}, &gatev1.CheckRequest{}, false, p); connect.CodeOf(err) != connect.CodeCanceled {
			t.Errorf("interrupted: %v", err)
		}
	})
}
