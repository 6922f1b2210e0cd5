package run

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

func TestAddRows(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	f := func(v float64) *float64 { return &v }
	for name, tc := range map[string]struct {
		before report.Telemetry
		stored []witness.Rows
		want   report.Telemetry
	}{
		"nothing was written": {want: report.Telemetry{}},
		"all is there": {
			report.Telemetry{ALSWritten: 30, Proxies: []report.Proxy{{Proxy: "a", Written: 10}, {Proxy: "b", Written: 20}}},
			[]witness.Rows{{Proxy: "a", Requests: 4, Attempts: 6, Received: 10}, {Proxy: "b", Requests: 20, Received: 20}},
			report.Telemetry{
				ALSWritten: 30, ALSReceived: 30, Rows: 30, Lost: n(0), Completeness: f(1),
				Proxies: []report.Proxy{{Proxy: "a", Written: 10, Rows: 10}, {Proxy: "b", Written: 20, Rows: 20}},
			},
		},
		"lost by a proxy, and on the way": {
			report.Telemetry{ALSWritten: 90, ALSDropped: 10, Proxies: []report.Proxy{{Proxy: "a", Written: 90, Dropped: 10}}},
			[]witness.Rows{{Proxy: "a", Requests: 80, Received: 85}},
			report.Telemetry{
				ALSWritten: 90, ALSDropped: 10, ALSReceived: 85, Rows: 80, Lost: n(20), Completeness: f(0.8),
				Proxies: []report.Proxy{{Proxy: "a", Written: 90, Dropped: 10, Rows: 80, Lost: 20}},
			},
		},
		"stored twice": {
			report.Telemetry{ALSWritten: 10, Proxies: []report.Proxy{{Proxy: "a", Written: 10}}},
			[]witness.Rows{{Proxy: "a", Requests: 12, Doubled: 3}},
			report.Telemetry{
				ALSWritten: 10, Rows: 12, Doubled: 3, Lost: n(1), Completeness: f(1.2),
				Proxies: []report.Proxy{{Proxy: "a", Written: 10, Rows: 9, Lost: 1}},
			},
		},
		"nothing of a proxy is stored": {
			report.Telemetry{ALSWritten: 10, Proxies: []report.Proxy{{Proxy: "a", Written: 10}}},
			nil,
			report.Telemetry{ALSWritten: 10, Lost: n(10), Completeness: f(0), Proxies: []report.Proxy{{Proxy: "a", Written: 10, Lost: 10}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := tc.before
			addRows(&got, tc.stored)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("telemetry differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSeenLoss: what Plimsoll says itself stands beside the lab's own count.
func TestSeenLoss(t *testing.T) {
	a, b := assembled(t, twoPhases)
	late := timestamppb.New(time.Now().Add(time.Hour))
	b.analyzer.account = []*statusv1.ProxyAccount{
		{Proxy: "exact", To: late, Dropped: 2, SilentLoss: &typesv1.Figure{Estimate: 5, Low: 5, High: 5}},
		{Proxy: "unknown", To: late, Reason: "its counters are not read"},
	}
	tel := report.Telemetry{Proxies: []report.Proxy{{Proxy: "exact"}}}
	if err := a.addSeen(t.Context(), &tel); err != nil {
		t.Fatal(err)
	}
	if got := tel.Proxies[0].SeenLost; got == nil || got.Low != 7 || got.High != 7 {
		t.Errorf("seen lost: %s, want 7", got)
	}
	b.analyzer.account = nil
	tel = report.Telemetry{Proxies: []report.Proxy{{Proxy: "exact"}}}
	if err := a.addSeen(t.Context(), &tel); err != nil || tel.Proxies[0].SeenLost != nil {
		t.Errorf("without accounts: %s, %v", tel.Proxies[0].SeenLost, err)
	}
	b.analyzer.refuse = map[string]error{"ListProxyAccounts": errors.New("down")}
	if err := a.addSeen(t.Context(), &tel); err == nil || !strings.HasPrefix(err.Error(), "asking for the accounts of the proxies: ") {
		t.Errorf("error = %v", err)
	}
}

func TestLostOf(t *testing.T) {
	for name, tc := range map[string]struct {
		account *statusv1.ProxyAccount
		want    string
	}{
		"no account": {nil, "that it does not know"},
		"not known":  {&statusv1.ProxyAccount{Dropped: 3}, "that it does not know"},
		"exact":      {&statusv1.ProxyAccount{Dropped: 3, SilentLoss: &typesv1.Figure{}}, "3"},
		"bounds":     {&statusv1.ProxyAccount{SilentLoss: &typesv1.Figure{Low: 1, High: 40}}, "1 to 40"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lostOf(tc.account).String(); got != tc.want {
				t.Errorf("lost: %s, want %s", got, tc.want)
			}
		})
	}
}
