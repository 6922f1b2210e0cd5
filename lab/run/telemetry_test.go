package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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
			report.Telemetry{ALSWritten: 10, Proxies: []report.Proxy{{Proxy: "a", Written: 10}}}, nil,
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
