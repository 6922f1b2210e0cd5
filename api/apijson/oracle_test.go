package apijson

import (
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/google/go-cmp/cmp"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

// TestProtobufReadsItBack fills messages at random and reads their JSON with
// protobuf's own reader, which takes numbers, nulls and proto names as well as
// what it writes itself.
func TestProtobufReadsItBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for range 300 {
		for _, m := range []proto.Message{
			&graphv1.GetGraphResponse{}, &slov1.ListSLOsResponse{}, &alertv1.ListAlertsResponse{},
			&tunev1.ListPlansResponse{}, &tunev1.ApplyResponse{}, &statusv1.GetStatusResponse{},
		} {
			fill(rng, m.ProtoReflect(), 0)
			text, err := Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			back := m.ProtoReflect().New().Interface()
			if err := protojson.Unmarshal(text, back); err != nil {
				t.Fatalf("reading %s: %v", text, err)
			}
			if diff := cmp.Diff(m, back, protocmp.Transform()); diff != "" {
				t.Fatalf("read back (-want +got):\n%s\n%s", diff, text)
			}
			again, err := Marshal(proto.Clone(m))
			if err != nil || string(again) != string(text) {
				t.Fatalf("equal messages are written differently:\n%s\n%s", text, again)
			}
		}
	}
}

// fill sets about half of the fields of a message to random values.
func fill(rng *rand.Rand, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case rng.IntN(2) == 0 || depth > 4:
		case f.IsMap():
			for range rng.IntN(4) {
				m.Mutable(f).Map().Set(scalar(rng, f.MapKey()).MapKey(), scalar(rng, f.MapValue()))
			}
		case f.IsList():
			for range rng.IntN(3) {
				list := m.Mutable(f).List()
				if f.Kind() == protoreflect.MessageKind {
					fillMessage(rng, list.AppendMutable().Message(), depth)
				} else {
					list.Append(scalar(rng, f))
				}
			}
		case f.Kind() == protoreflect.MessageKind:
			fillMessage(rng, m.Mutable(f).Message(), depth)
		default:
			m.Set(f, scalar(rng, f))
		}
	}
}

func fillMessage(rng *rand.Rand, m protoreflect.Message, depth int) {
	if _, ok := wellKnown[m.Descriptor().FullName()]; !ok {
		fill(rng, m, depth+1)
		return
	}
	fields := m.Descriptor().Fields()
	seconds, nanos := rng.Int64N(4e9), int32(rng.Int64N(1e9))
	if rng.IntN(3) == 0 {
		nanos = nanos / 1e6 * 1e6
	}
	m.Set(fields.ByName("seconds"), protoreflect.ValueOfInt64(seconds))
	m.Set(fields.ByName("nanos"), protoreflect.ValueOfInt32(nanos))
}

func scalar(rng *rand.Rand, f protoreflect.FieldDescriptor) protoreflect.Value {
	texts := []string{"", "reviews", "<a & \"b\">", "Δ\u2028→", "a\\b\x00\n"}
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(texts[rng.IntN(len(texts))])
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rng.NormFloat64() * float64(rng.Uint64()))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rng.IntN(2) == 0)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rng.Uint64() >> rng.IntN(64))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(rng.Uint64()) >> rng.IntN(64))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rng.Uint32())
	}
	panic("no sample of kind " + f.Kind().String())
}
