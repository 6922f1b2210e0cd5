package apijson

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// messages are what the golden files show: one answer that is empty and one
// that has every kind of field, for each shape that scripts read.
func messages() map[string]proto.Message {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC)
	return map[string]proto.Message{
		"graph_empty": &graphv1.GetGraphResponse{},
		"graph": &graphv1.GetGraphResponse{
			Window: &typesv1.Window{From: timestamppb.New(noon.Add(-time.Minute)), To: timestamppb.New(noon), Watermark: timestamppb.New(noon)},
			Nodes: []*graphv1.Node{{
				Id: "shop/local/default/web-v1", Kind: "service", Mesh: "shop", Cluster: "local",
				Namespace: "default", Workload: "web-v1", Service: "web", Version: "v1",
			}},
			Edges: []*graphv1.Edge{
				{
					Src: "shop/local/default/web-v1", Dst: "shop/local/default/db", Route: "GET <all> & \"more\"", Protocol: "http1",
					Vantage: "client", Unit: "requests", Requests: math.MaxUint64, Arrivals: 12, Attempts: 12, Failures: 2,
					Outcomes: map[string]uint64{"timeout": 2, "ok": 8}, Rate: 0.16666666666666666, ErrorRatio: proto.Float64(0.2),
					LatencyMs: &graphv1.Quantiles{P50: &typesv1.Figure{Estimate: 25.5, Low: 25, High: 26}},
					Mtls:      proto.Float64(0),
					Sources:   []*graphv1.EdgeSource{{Source: "als", Vantage: "client", Unit: "requests", Requests: 10, Failures: 2}},
				},
				{},
			},
		},
		"plan": &tunev1.PlanResponse{Plan: &tunev1.Plan{
			Id: "p1",
			Recommendations: []*tunev1.Recommendation{{
				Knob: "timeout", Verdict: "RECOMMEND", Provisional: true, To: "1s",
				Evidence: []*tunev1.Evidence{{Name: "p99", Value: math.NaN(), Unit: "ms"}},
			}},
			Policy: &meshv1.TrafficPolicy{Timeout: durationpb.New(1500 * time.Millisecond), Retries: proto.Uint32(0), RetryOn: proto.String("")},
		}},
	}
}

func TestGolden(t *testing.T) {
	for name, m := range messages() {
		t.Run(name, func(t *testing.T) {
			got, err := MarshalIndent(m)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".json")
			golden.Check(t, path, got)
		})
	}
}

func TestMarshalIsOneLineOfJSON(t *testing.T) {
	for name, m := range messages() {
		got, err := Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(got) || strings.Contains(string(got), "\n") {
			t.Errorf("%s: not one line of JSON: %s", name, got)
		}
	}
}

// TestEveryFieldIsPresent decodes the answer and compares its keys with the
// proto file, for each message of the API.
func TestEveryFieldIsPresent(t *testing.T) {
	messages := graphv1.File_plimsoll_graph_v1_graph_proto.Messages()
	for i := range messages.Len() {
		d := messages.Get(i)
		got, err := Marshal(newMessage(t, d))
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(got, &object); err != nil {
			t.Fatal(err)
		}
		for j := range d.Fields().Len() {
			name := string(d.Fields().Get(j).Name())
			if _, ok := object[name]; !ok {
				t.Errorf("%s: %s is missing in %s", d.Name(), name, got)
			}
			delete(object, name)
		}
		if len(object) > 0 {
			t.Errorf("%s: unknown keys %v", d.Name(), object)
		}
	}
}

// newMessage returns an empty message of the type.
func newMessage(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	typ, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return typ.New().Interface()
}

func TestMarshalValues(t *testing.T) {
	duration := func(seconds int64, nanos int32) proto.Message {
		return &durationpb.Duration{Seconds: seconds, Nanos: nanos}
	}
	for _, c := range []struct {
		name string
		m    proto.Message
		want string
	}{
		{"zero duration", duration(0, 0), `"0s"`},
		{"whole seconds", duration(90, 0), `"90s"`},
		{"half", duration(1, 500_000_000), `"1.5s"`},
		{"one nanosecond", duration(0, 1), `"0.000000001s"`},
		{"negative", duration(-1, -50_000_000), `"-1.05s"`},
		{"negative fraction", duration(0, -1000), `"-0.000001s"`},
		{"time", timestamppb.New(time.Date(2026, 3, 1, 13, 0, 0, 1000, time.FixedZone("", 3600))), `"2026-03-01T12:00:00.000001Z"`},
		{"epoch", &timestamppb.Timestamp{}, `"1970-01-01T00:00:00Z"`},
		{"infinite", &typesv1.Figure{Estimate: math.Inf(1), Low: math.Inf(-1), High: 1e21}, `{"estimate":null,"low":null,"high":1e+21}`},
		{"not UTF-8", &graphv1.Node{Id: "a\xffb"}, `{"id":"a\ufffdb","kind":"","mesh":"","cluster":"","namespace":"","workload":"","service":"","version":"","state":""}`},
		{
			"enum, bytes and bool",
			&descriptorpb.UninterpretedOption{StringValue: []byte{0, 1, 2}, NegativeIntValue: proto.Int64(math.MinInt64)},
			`{"name":[],"identifier_value":null,"positive_int_value":null,"negative_int_value":-9223372036854775808,"double_value":null,"string_value":"AAEC","aggregate_value":null}`,
		},
		{
			"enum name and number",
			&descriptorpb.EnumValueOptions{DebugRedact: proto.Bool(true), FeatureSupport: &descriptorpb.FieldOptions_FeatureSupport{
				EditionIntroduced: descriptorpb.Edition_EDITION_2023.Enum(), EditionRemoved: descriptorpb.Edition(77).Enum(),
			}},
			`{"deprecated":null,"features":null,"debug_redact":true,"feature_support":{"edition_introduced":"EDITION_2023","edition_deprecated":null,"deprecation_warning":null,"edition_removed":77,"removal_error":null},"uninterpreted_option":[]}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Marshal(c.m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMarshalRefuses(t *testing.T) {
	for _, m := range []proto.Message{
		&typesv1.Window{From: &timestamppb.Timestamp{Nanos: -1}},
		&tunev1.Plan{Policy: &meshv1.TrafficPolicy{Timeout: &durationpb.Duration{Seconds: 1, Nanos: -1}}},
		&statusv1.GetStatusResponse{Proxies: []*statusv1.ProxyStatus{{LastSeen: &timestamppb.Timestamp{Seconds: math.MaxInt64}}}},
	} {
		_, err := Marshal(m)
		if err == nil || !strings.Contains(err.Error(), "writing plimsoll.") {
			t.Errorf("error %v for %v, want one that names the message", err, m)
		}
	}
}
