package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func firingNotice() Notice {
	return Notice{
		Event: Firing, Incident: "inc_1", SLO: "shop-up", Service: "shop", Severity: "page", FiredAt: t0,
		Annotations: map[string]string{
			"summary":        "callers of shop are hurt: 100 of 200 requests were bad & <slow>",
			"long_burn_rate": "50", "long_window": "20s", "long_bad": "100", "long_total": "200",
			"budget_remaining": "0.72", "exhausted_in": "52s", "top_edge": "web → shop (timeout)",
			"link": "https://plimsoll.example/slo/shop-up?a=1&b=2", "runbook_url": "https://runbooks.example/slo",
		},
	}
}

func resolvedNotice() Notice {
	n := firingNotice()
	n.Event, n.ResolvedAt = Resolved, t0.Add(90*time.Second)
	n.Annotations = map[string]string{"summary": "shop is well again"}
	return n
}

func ticketNotice() Notice {
	n := firingNotice()
	n.Incident, n.SLO, n.Severity = "inc_2", "shop-fast", "ticket"
	n.Annotations = map[string]string{"summary": "shop is slow"}
	return n
}

// TestGolden holds the bytes of each format, for a firing, a resolution and,
// where a message may have several, a group.
func TestGolden(t *testing.T) {
	for _, name := range Names() {
		f := Format(name)
		cases := map[string][]Notice{"firing": {firingNotice()}, "resolved": {resolvedNotice()}}
		if f.Groups() {
			cases["group"] = []Notice{firingNotice(), ticketNotice()}
		}
		for event, list := range cases {
			t.Run(name+" "+event, func(t *testing.T) {
				raw, err := f.Write("msg_1", "oncall", list)
				if err != nil {
					t.Fatal(err)
				}
				var got bytes.Buffer
				if err := json.Indent(&got, raw, "", "  "); err != nil {
					t.Fatal(err)
				}
				got.WriteByte('\n')
				golden.Check(t, filepath.Join("testdata", name+"-"+event+".json"), got.Bytes())
			})
		}
	}
}

func TestTraits(t *testing.T) {
	for f, want := range map[Format]string{
		"":           "application/json true true false",
		Alertmanager: "application/json true true false",
		Native:       "application/json true true false",
		CloudEvents:  "application/cloudevents+json false true false",
		Slack:        "application/json true false false",
		PagerDuty:    "application/json false false true",
		Opsgenie:     "application/json false false true",
		Teams:        "application/json true false false",
	} {
		if got := fmt.Sprintf("%s %v %v %v", f.ContentType(), f.Groups(), f.Signed(), f.Keyed()); got != want {
			t.Errorf("%q: %s, want %s", f, got, want)
		}
		if err := f.Check(); err != nil {
			t.Errorf("%q: %v", f, err)
		}
	}
}

func TestRefused(t *testing.T) {
	const unknown = `unknown format "fax": use one of alertmanager, cloudevents, opsgenie, pagerduty, plimsoll, slack, teams`
	if err := Format("fax").Check(); err == nil || err.Error() != unknown {
		t.Errorf("error = %v, want %s", err, unknown)
	}
	for _, tc := range []struct {
		f    Format
		list []Notice
		want string
	}{
		{"fax", []Notice{firingNotice()}, unknown},
		{Slack, nil, "writing message=m: it says nothing"},
		{PagerDuty, []Notice{firingNotice(), ticketNotice()}, "writing message=m: format pagerduty speaks of one incident at a time, not of 2"},
	} {
		if _, err := tc.f.Write("m", "r", tc.list); err == nil || err.Error() != tc.want {
			t.Errorf("error of %s = %v, want %s", tc.f, err, tc.want)
		}
	}
}

// TestSizes writes notices with texts far beyond every limit.
func TestSizes(t *testing.T) {
	huge := firingNotice()
	long := strings.Repeat("ü<", 400_000)
	huge.Annotations = map[string]string{"summary": long, "top_edge": long, "other": long}
	for f, limit := range map[Format]int{PagerDuty: 512 << 10, Slack: 64 << 10, Teams: 28 << 10, Opsgenie: 64 << 10} {
		list := []Notice{huge}
		if f.Groups() {
			list = []Notice{huge, ticketNotice(), ticketNotice()}
		}
		raw, err := f.Write("m", "r", list)
		if err != nil || len(raw) > limit {
			t.Errorf("%s: %d bytes, %v, want at most %d", f, len(raw), err, limit)
		}
		if !json.Valid(raw) {
			t.Errorf("%s: no JSON", f)
		}
	}
	var e pagerDutyEventV2
	raw, err := PagerDuty.Write("m", "r", []Notice{huge})
	if err != nil || json.Unmarshal(raw, &e) != nil {
		t.Fatal(err)
	}
	if n := len([]rune(e.Payload.Summary)); n != 1024 || e.Payload.Details["truncated"] == "" {
		t.Errorf("summary of %d characters, details %v", n, e.Payload.Details)
	}
}

func TestManyIncidents(t *testing.T) {
	var list []Notice
	for range 60 {
		list = append(list, firingNotice())
	}
	for f, limit := range map[Format]int{Slack: slackListed, Teams: teamsListed} {
		raw, err := f.Write("m", "r", list)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(raw), "callers of shop"); n > limit+1 {
			t.Errorf("%s shows %d incidents, want at most %d", f, n, limit)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tc := range []struct {
		text string
		n    int
		want string
	}{{"", 3, ""}, {"äöü", 3, "äöü"}, {"äöüß", 3, "äö…"}, {"abc", 1, "…"}} {
		if got := cut(tc.text, tc.n); got != tc.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tc.text, tc.n, got, tc.want)
		}
	}
}

func TestOpsgenieClose(t *testing.T) {
	if got, want := OpsgenieClose("inc_1"), "/inc_1/close?identifierType=alias"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
}

// TestFingerprint has the vectors of prometheus/common's TestLabelsToSignature
// (14695981039346656037 and 5799056148416392346).
func TestFingerprint(t *testing.T) {
	for want, labels := range map[string]map[string]string{
		"cbf29ce484222325": {},
		"507a62d79ee76c9a": {"name": "garland, briggs", "fear": "love is not enough"},
	} {
		if got := fingerprint(labels); got != want {
			t.Errorf("fingerprint(%v) = %s, want %s", labels, got, want)
		}
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("shop", "it & <hurts>", "page", true)
	f.Add("\xff", "\x00", "", false)
	f.Fuzz(func(t *testing.T, service, summary, severity string, over bool) {
		n := Notice{Event: Firing, Incident: "i", SLO: "s", Service: service, Severity: severity, FiredAt: t0, Annotations: map[string]string{"summary": summary, "top_edge": summary}}
		if over {
			n.Event, n.ResolvedAt = Resolved, t0
		}
		for _, name := range Names() {
			raw, err := Format(name).Write("m", "r", []Notice{n})
			if err != nil || !json.Valid(raw) {
				t.Errorf("%s: %v, %q", name, err, raw)
			}
		}
	})
}
