package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// TestExchange is one exchange from end to end.
func TestExchange(t *testing.T) {
	s := State{Phase: Stable, Since: noon, Signing: "a", Until: at(60)}
	step := func(name string, to func() (State, error), want State) {
		t.Helper()
		got, err := to()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s = got
	}
	step("begin", func() (State, error) { return s.Begin("b", at(10)) },
		State{Phase: Spreading, Since: at(10), Signing: "a", Other: "b", Until: at(60)})
	step("switch", func() (State, error) { return s.Switch(at(20)) },
		State{Phase: Draining, Since: at(20), Signing: "b", Other: "a", Until: at(60), Drained: at(60).Add(ca.Skew)})
	step("finish", func() (State, error) { return s.Finish(at(61)) },
		State{Phase: Stable, Since: at(61), Signing: "b", Until: at(60)})
}

func TestStepsOutOfTurn(t *testing.T) {
	stable := State{Phase: Stable, Since: noon, Signing: "a", Until: at(60)}
	spreading := State{Phase: Spreading, Since: noon, Signing: "a", Other: "b", Until: at(60)}
	draining := State{Phase: Draining, Since: noon, Signing: "b", Other: "a", Until: at(60), Drained: at(61)}
	for name, tc := range map[string]struct {
		do   func() (State, error)
		from State
		want string
	}{
		"begin twice":        {func() (State, error) { return spreading.Begin("c", noon) }, spreading, "beginning a root rotation: one is spreading since 2026-11-24T12:00:00Z"},
		"begin while drain":  {func() (State, error) { return draining.Begin("c", noon) }, draining, "beginning a root rotation: one is draining since"},
		"abort nothing":      {func() (State, error) { return stable.Abort(noon) }, stable, "aborting a root rotation: phase is stable"},
		"abort after switch": {func() (State, error) { return draining.Abort(noon) }, draining, "aborting a root rotation: phase is draining"},
		"switch nothing":     {func() (State, error) { return stable.Switch(noon) }, stable, "switching roots: phase is stable"},
		"finish nothing":     {func() (State, error) { return spreading.Finish(at(100)) }, spreading, "dropping the old root: phase is spreading"},
		"finish early":       {func() (State, error) { return draining.Finish(at(60)) }, draining, "dropping the old root: certificates of it last until 2026-11-24T13:01:00Z"},
	} {
		got, err := tc.do()
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
		if diff := cmp.Diff(tc.from, got); diff != "" {
			t.Errorf("%s changed the state:\n%s", name, diff)
		}
	}
	if got, err := spreading.Abort(at(5)); err != nil || got.Phase != Stable || got.Other != "" || got.Signing != "a" {
		t.Errorf("aborted to %+v, %v", got, err)
	}
}

func TestParseStateRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                   "unexpected end of JSON input",
		`{}`:                 "no root signs",
		`{"phase":"stable"}`: "no root signs",
		`{"phase":"stable","signing":"a","other":"b"}`:    `phase "stable" with roots "a" and "b"`,
		`{"phase":"spreading","signing":"a"}`:             `phase "spreading" with roots "a" and ""`,
		`{"phase":"spreading","signing":"a","other":"a"}`: `phase "spreading" with roots "a" and "a"`,
		`{"phase":"draining","signing":"a","other":"b"}`:  `phase "draining" with roots`,
		`{"phase":"melting","signing":"a"}`:               `phase "melting" with roots`,
	} {
		if _, err := parseState([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
