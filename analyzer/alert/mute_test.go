package alert

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

func incidentOf(id, service, severity string, fired time.Duration) Incident {
	return Incident{ID: id, SLO: service + "-up", Service: service, Severity: severity, FiredAt: t0.Add(fired)}
}

func TestMuting(t *testing.T) {
	chain := []Dependency{{"web", "shop", 0.9}, {"shop", "stock", 0.8}, {"shop", "pay", 0.2}}
	circle := []Dependency{{"a", "b", 1}, {"b", "a", 1}}
	for _, tc := range []struct {
		name string
		open []Incident
		deps []Dependency
		want string // ids with who mutes them
	}{
		{"alone", []Incident{incidentOf("1", "web", slo.Page, 0)}, chain, "1:-"},
		{"ticket below its page", []Incident{incidentOf("1", "web", slo.Page, 0), incidentOf("2", "web", slo.Ticket, 0)}, nil, "1:- 2:1"},
		{"ticket alone", []Incident{incidentOf("2", "web", slo.Ticket, 0)}, nil, "2:-"},
		{"downstream of a page", []Incident{incidentOf("1", "web", slo.Page, 0), incidentOf("2", "shop", slo.Page, 1)}, chain, "1:2 2:-"},
		{"down to the root", []Incident{incidentOf("1", "web", slo.Page, 0), incidentOf("2", "shop", slo.Page, 1), incidentOf("3", "stock", slo.Page, 2)}, chain, "1:3 2:3 3:-"},
		{"one between has no page", []Incident{incidentOf("1", "web", slo.Page, 0), incidentOf("3", "stock", slo.Page, 2)}, chain, "1:- 3:-"},
		{"a ticket speaks for nobody else", []Incident{incidentOf("1", "web", slo.Page, 0), incidentOf("2", "shop", slo.Ticket, 1)}, chain, "1:- 2:-"},
		{"a small part of the failures", []Incident{incidentOf("1", "shop", slo.Page, 0), incidentOf("2", "pay", slo.Page, 1)}, chain, "1:- 2:-"},
		{"a circle: the first one stays", []Incident{incidentOf("1", "a", slo.Page, 1), incidentOf("2", "b", slo.Page, 0)}, circle, "1:2 2:-"},
		{"a circle the other way", []Incident{incidentOf("1", "a", slo.Page, 0), incidentOf("2", "b", slo.Page, 1)}, circle, "1:- 2:1"},
		{"itself", []Incident{incidentOf("1", "a", slo.Page, 0)}, []Dependency{{"a", "a", 1}}, "1:-"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := newMuter(nil, append([]Incident(nil), tc.open...), append([]Dependency(nil), tc.deps...))
			var got []string
			for _, in := range tc.open {
				by := "-"
				if reason := m.reason(in, t0); reason != "" {
					by = strings.TrimSuffix(strings.Fields(reason)[1], ":")
				}
				got = append(got, in.ID+":"+by)
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("muted %v, want %s", got, tc.want)
			}
		})
	}
}

// TestUnmute: who was muted is told as soon as what muted it is over, and not
// at all if it is over before.
func TestUnmute(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	r := newRouter(targetA)
	s, err := l.addSilence(t.Context(), Silence{
		Matchers: []Matcher{{Name: "service", Value: "shop"}}, StartsAt: t0, EndsAt: t0.Add(time.Minute), CreatedBy: "me", Comment: "c", CreatedAt: t0,
	})
	if err != nil {
		t.Fatal(err)
	}
	list := []slo.Status{burning(t0, 50)}
	a := &Alerts{router: r, ledger: l, evaluator: evaluation(func(time.Time) ([]slo.Status, error) { return list, nil }), log: quiet()}
	if err := a.Evaluate(t.Context(), t0); err != nil {
		t.Fatal(err)
	}
	expectBox(t, db, "")
	open, err := readIncidents(t.Context(), db, "")
	if err != nil || len(open) != 1 || open[0].MutedBy != "silence "+s.ID || open[0].Told {
		t.Fatalf("incidents %+v, %v", open, err)
	}
	for range 2 {
		if err := a.Evaluate(t.Context(), t0.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if got := box(t, db); !strings.HasSuffix(got, " a firing pending 0") || strings.Contains(got, "\n") {
		t.Errorf("after the silence: %q, want one message", got)
	}
}

// TestGroup: incidents of a service that fire together are one message where the
// format allows it, with one fate; each resolves by itself.
func TestGroup(t *testing.T) {
	db := openState(t, t.TempDir())
	l := ledger{db: db}
	targets := []Target{{Name: "a"}, {Name: "b", Format: "pagerduty"}}
	list := []Incident{incidentOf("1", "shop", slo.Page, 0), incidentOf("2", "shop", slo.Page, 0)}
	list[1].SLO = "shop-fast"
	if err := l.fire(t.Context(), newRouter(targets), list); err != nil {
		t.Fatal(err)
	}
	m := claimOne(t, l, "a", t0)
	if n := strings.Count(string(m.body), `"fingerprint"`); n != 2 {
		t.Errorf("the message has %d alerts: %s", n, m.body)
	}
	if other := claimOne(t, l, "a", t0); other != nil {
		t.Errorf("a second message: %s", other.body)
	}
	over := list[1]
	over.ResolvedAt = t0.Add(time.Second)
	if err := l.resolve(t.Context(), newRouter(targets), over); err != nil {
		t.Fatal(err)
	}
	if other := claimOne(t, l, "a", t0.Add(time.Second)); other != nil {
		t.Errorf("the resolution overtook: %s", other.body)
	}
	settleOne(t, l, m, sent, t0)
	expectBox(t, db, "1 a firing delivered 1", "2 a firing delivered 1", "1 b firing pending 0",
		"2 b firing skipped 0 the receiver never saw it fire", "2 a resolved pending 0", "2 b resolved skipped 0 the receiver never saw it fire")
	if next := claimOne(t, l, "a", t0.Add(time.Second)); next == nil || next.event != resolved {
		t.Errorf("next %+v, want the resolution", next)
	}
}

func TestSilenceActive(t *testing.T) {
	weekly := Silence{StartsAt: t0, EndsAt: t0.AddDate(1, 0, 0), Rule: "FREQ=WEEKLY", Duration: time.Hour, Zone: "Europe/Berlin"} // Sundays 13:00 in Berlin
	once := Silence{StartsAt: t0, EndsAt: t0.Add(time.Hour)}
	ended := once
	ended.EndedAt = t0.Add(time.Minute)
	for _, tc := range []struct {
		name string
		s    Silence
		at   time.Time
		want bool
	}{
		{"before", once, t0.Add(-1), false},
		{"from the first moment", once, t0, true},
		{"up to the last", once, t0.Add(time.Hour - 1), true},
		{"and no longer", once, t0.Add(time.Hour), false},
		{"ended by hand", ended, t0.Add(time.Minute), false},
		{"first occurrence", weekly, t0.Add(30 * time.Minute), true},
		{"between", weekly, t0.Add(24 * time.Hour), false},
		{"second occurrence", weekly, t0.AddDate(0, 0, 7).Add(59 * time.Minute), true},
		{"just after it", weekly, t0.AddDate(0, 0, 7).Add(time.Hour), false},
		{"in summer an hour earlier by UTC", weekly, t0.AddDate(0, 0, 7*8).Add(-30 * time.Minute), true},
		{"and not at winter's hour", weekly, t0.AddDate(0, 0, 7*8).Add(30 * time.Minute), false},
	} {
		if got := tc.s.Active(tc.at); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestSilenceCheck(t *testing.T) {
	good := Silence{Matchers: []Matcher{{Name: "slo", Value: "x"}}, StartsAt: t0, EndsAt: t0.Add(time.Hour), CreatedBy: "me", Comment: "c"}
	for want, edit := range map[string]func(*Silence){
		"": func(*Silence) {},
		"a silence needs a matcher, such as service=shop: without one it would keep everything quiet": func(s *Silence) { s.Matchers = nil },
		`matcher "host": match slo, service or severity`:                                              func(s *Silence) { s.Matchers[0].Name = "host" },
		"matcher slo: error parsing regexp: missing argument to repetition operator: `*`":             func(s *Silence) { s.Matchers[0] = Matcher{Name: "slo", Value: "*", IsRegex: true} },
		"a silence ends after it starts":                                                              func(s *Silence) { s.EndsAt = t0 },
		"a silence says who made it and why: created_by and comment":                                  func(s *Silence) { s.Comment = "" },
		"a duration and a zone are those of a rule: give one, or leave them out":                      func(s *Silence) { s.Zone = "UTC" },
		"duration 0s: each occurrence of a rule lasts up to 744h0m0s":                                 func(s *Silence) { s.Rule = "FREQ=DAILY" },
		`zone "Mars": write an IANA name such as Europe/Berlin`:                                       func(s *Silence) { s.Rule, s.Duration, s.Zone = "FREQ=DAILY", time.Hour, "Mars" },
		`rule "FREQ=SECONDLY": repeat daily at most`:                                                  func(s *Silence) { s.Rule, s.Duration = "FREQ=SECONDLY", time.Hour },
	} {
		s := good
		s.Matchers = append([]Matcher(nil), good.Matchers...)
		edit(&s)
		got := ""
		if err := s.Check(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("error = %q, want %q", got, want)
		}
	}
}

func TestMatchers(t *testing.T) {
	in := incidentOf("1", "shop", slo.Page, 0)
	for _, tc := range []struct {
		m    Matcher
		want bool
	}{
		{Matcher{Name: "service", Value: "shop"}, true},
		{Matcher{Name: "service", Value: "shop", Negate: true}, false},
		{Matcher{Name: "service", Value: "sho.", IsRegex: true}, true},
		{Matcher{Name: "service", Value: "ho", IsRegex: true}, false},
		{Matcher{Name: "slo", Value: "shop|shop-up", IsRegex: true}, true},
		{Matcher{Name: "severity", Value: "page", IsRegex: true, Negate: true}, false},
		{Matcher{Name: "service", Value: "(", IsRegex: true}, false},
	} {
		if got := (Silence{Matchers: []Matcher{tc.m}}).matches(in); got != tc.want {
			t.Errorf("%+v matches: %v", tc.m, got)
		}
	}
}
