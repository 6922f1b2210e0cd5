package rows

import (
	"testing"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestKindOf(t *testing.T) {
	typed := func(typ datav3.AccessLogType) func(*datav3.HTTPAccessLogEntry) {
		return func(e *datav3.HTTPAccessLogEntry) { e.CommonProperties.AccessLogType = typ }
	}
	for name, test := range map[string]struct {
		log    string
		change func(*datav3.HTTPAccessLogEntry)
		kind   Kind
		reason Reason
	}{
		"request":                       {"mesh.request", func(*datav3.HTTPAccessLogEntry) {}, Request, 0},
		"try":                           {"mesh.try", typed(datav3.AccessLogType_UpstreamEnd), Attempt, 0},
		"the type decides, not the log": {"mesh.request", typed(datav3.AccessLogType_UpstreamEnd), Attempt, 0},
		"request of an old Envoy":       {"mesh.request", typed(datav3.AccessLogType_NotSet), Request, 0},
		"request in a log of any name":  {"access", typed(datav3.AccessLogType_NotSet), Request, 0},
		"try of an old Envoy":           {"mesh.try", typed(datav3.AccessLogType_NotSet), Attempt, 0},
		"start":                         {"mesh.request", typed(datav3.AccessLogType_DownstreamStart), Interim, 0},
		"periodic":                      {"mesh.request", typed(datav3.AccessLogType_DownstreamPeriodic), Interim, 0},
		"pool ready":                    {"mesh.try", typed(datav3.AccessLogType_UpstreamPoolReady), Interim, 0},
		"interim of an old Envoy": {"mesh.request", func(e *datav3.HTTPAccessLogEntry) {
			e.CommonProperties.AccessLogType = datav3.AccessLogType_NotSet
			e.CommonProperties.IntermediateLogEntry = true //nolint:staticcheck // deprecated, and all that an old Envoy says
		}, Interim, 0},
		"nothing in common": {"mesh.request", func(e *datav3.HTTPAccessLogEntry) { e.CommonProperties = nil }, Unusable, NoCommon},
		"no start":          {"mesh.request", func(e *datav3.HTTPAccessLogEntry) { e.CommonProperties.StartTime = nil }, Unusable, NoStart},
		"direction by cluster": {"mesh.request", func(e *datav3.HTTPAccessLogEntry) {
			e.CommonProperties.CustomTags = nil
		}, Request, 0},
		"no direction": {"mesh.request", func(e *datav3.HTTPAccessLogEntry) {
			e.CommonProperties.CustomTags, e.CommonProperties.UpstreamCluster = nil, "ratings"
		}, Unusable, NoDirection},
		"a try is outbound unless it says otherwise": {"mesh.try", func(e *datav3.HTTPAccessLogEntry) {
			typed(datav3.AccessLogType_UpstreamEnd)(e)
			e.CommonProperties.CustomTags, e.CommonProperties.UpstreamCluster = nil, "ratings"
		}, Attempt, 0},
		"inbound try": {"mesh.try", func(e *datav3.HTTPAccessLogEntry) {
			typed(datav3.AccessLogType_UpstreamEnd)(e)
			e.CommonProperties.CustomTags["mesh.direction"] = "inbound"
		}, Unusable, InboundTry},
	} {
		t.Run(name, func(t *testing.T) {
			e := alstest.Outbound()
			test.change(e)
			kind, reason := KindOf(decode(t, e), test.log)
			if kind != test.kind || reason != test.reason {
				t.Errorf("got kind %d, reason %v; want %d, %v", kind, reason, test.kind, test.reason)
			}
		})
	}
}

func TestReasonNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range ReasonCount {
		if name := r.String(); name == "" || name == "unknown" || seen[name] {
			t.Errorf("reason %d is called %q", r, name)
		} else {
			seen[name] = true
		}
	}
	if got := ReasonCount.String(); got != "unknown" {
		t.Errorf("a reason without name is called %q", got)
	}
}

func TestVantage(t *testing.T) {
	for name, test := range map[string]struct {
		entry func() *datav3.HTTPAccessLogEntry
		kind  string
		want  record.Vantage
	}{
		"outbound sidecar": {alstest.Outbound, "sidecar", record.VantageClient},
		"inbound sidecar":  {alstest.Inbound, "sidecar", record.VantageServer},
		"inbound gateway":  {alstest.Inbound, "gateway", record.VantageGateway},
		"outbound gateway": {alstest.Outbound, "gateway", record.VantageClient},
	} {
		t.Run(name, func(t *testing.T) {
			n := node(t, "mesh.request")
			n.Meta.ProxyKind = test.kind
			var r record.Request
			NewStream(NewReporter(n), NewCaps()).Request(decode(t, test.entry()), received(), &r)
			if r.Vantage != test.want {
				t.Errorf("got %v, want %v", r.Vantage, test.want)
			}
		})
	}
}
