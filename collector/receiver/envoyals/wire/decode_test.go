package wire_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// The helpers write one field each, so that a test can write what no generated
// encoder would.

func varint(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

func bytesField(num protowire.Number, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), body)
}

func textField(num protowire.Number, text string) []byte { return bytesField(num, []byte(text)) }

func fixed64(num protowire.Number, v uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(nil, num, protowire.Fixed64Type), v)
}

func group(num protowire.Number, body []byte) []byte {
	b := protowire.AppendTag(nil, num, protowire.StartGroupType)
	return protowire.AppendTag(append(b, body...), num, protowire.EndGroupType)
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// TestOddEncodings decodes what a generated encoder never writes, but a decoder
// must take.
func TestOddEncodings(t *testing.T) {
	common := func(parts ...[]byte) []byte { return bytesField(1, parts...) }
	tag := func(key, value string) []byte { return bytesField(22, textField(1, key), textField(2, value)) }
	for name, test := range map[string]struct {
		in   []byte
		want wire.Entry
	}{
		"empty":           {nil, wire.Entry{}},
		"empty common":    {common(), wire.Entry{HasCommon: true}},
		"last scalar":     {join(varint(2, 1), varint(2, 3)), wire.Entry{Version: wire.HTTP2}},
		"last text":       {common(textField(19, "a"), textField(19, "b")), wire.Entry{HasCommon: true, Common: wire.Common{Route: "b"}}},
		"back to empty":   {common(textField(19, "a"), textField(19, "")), wire.Entry{HasCommon: true}},
		"merged messages": {join(common(textField(19, "a")), common(textField(15, "b"))), wire.Entry{HasCommon: true, Common: wire.Common{Route: "a", Cluster: "b"}}},
		"merged span": {
			common(bytesField(23, varint(1, 2)), bytesField(23, varint(2, 5))),
			wire.Entry{HasCommon: true, Common: wire.Common{Duration: wire.Span{Seconds: 2, Nanos: 5, Set: true}}},
		},
		"wrong wire type": {common(varint(19, 7), textField(33, "x"), fixed64(24, 9)), wire.Entry{HasCommon: true}},
		"unknown fields": {
			join(varint(1000, 1), textField(2000, "x"), group(3000, varint(1, 1)), fixed64(4000, 1), varint(2, 3)), wire.Entry{Version: wire.HTTP2},
		},
		"last tag": {
			common(tag("dst.service", "a"), tag("dst.service", "b")),
			wire.Entry{HasCommon: true, Common: wire.Common{Tags: wire.Tags{DstService: "b"}}},
		},
		"tag without value": {
			common(tag("dst.service", "a"), bytesField(22, textField(1, "dst.service"))), wire.Entry{HasCommon: true},
		},
		"tag backwards": {
			common(bytesField(22, textField(2, "a"), textField(1, "dst.service"))),
			wire.Entry{HasCommon: true, Common: wire.Common{Tags: wire.Tags{DstService: "a"}}},
		},
		"flags set and cleared": {
			common(bytesField(16, varint(3, 1), varint(16, 1), varint(3, 0))),
			wire.Entry{HasCommon: true, Common: wire.Common{Flags: 1 << 15}},
		},
		"flag that is a message": {
			common(bytesField(16, bytesField(13))), wire.Entry{HasCommon: true, Common: wire.Common{Flags: 1 << 12}},
		},
		"flag of the future": {
			common(bytesField(16, varint(29, 1), varint(64, 1), varint(65, 1))),
			wire.Entry{HasCommon: true, Common: wire.Common{Flags: 1<<28 | 1<<63}},
		},
		"socket, then pipe": {
			common(bytesField(13, bytesField(1, textField(2, "10.0.0.1"), varint(3, 80)), bytesField(2, textField(1, "/a.sock")))),
			wire.Entry{HasCommon: true, Common: wire.Common{Upstream: wire.Address{Host: "/a.sock", Pipe: true}}},
		},
		"pipe, then socket": {
			common(bytesField(13, bytesField(2, textField(1, "/a.sock")), bytesField(1, varint(3, 80)))),
			wire.Entry{HasCommon: true, Common: wire.Common{Upstream: wire.Address{Port: 80}}},
		},
		"socket, then internal": {
			common(bytesField(13, bytesField(1, textField(2, "10.0.0.1")), bytesField(3))), wire.Entry{HasCommon: true},
		},
		"number, then named port": {
			common(bytesField(13, bytesField(1, textField(2, "10.0.0.1"), varint(3, 80), textField(4, "http")))),
			wire.Entry{HasCommon: true, Common: wire.Common{Upstream: wire.Address{Host: "10.0.0.1"}}},
		},
		"second URI is not the name": {
			common(bytesField(4, bytesField(5, bytesField(1, textField(1, "a")), bytesField(1, textField(1, "b"))))),
			wire.Entry{HasCommon: true, Common: wire.Common{TLS: wire.TLS{PeerURI: "a"}}},
		},
		"URI, then DNS in one name": {
			common(bytesField(4, bytesField(4, bytesField(1, textField(1, "a"), textField(2, "b"))))), wire.Entry{HasCommon: true},
		},
		"negative enum": {varint(2, 1<<64-1), wire.Entry{Version: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			var got wire.Entry
			got.Response.Code = 777 // of the entry before
			if err := got.Decode(test.in); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
			agreeOnEntry(t, test.in)
		})
	}
}

func TestMalformed(t *testing.T) {
	bad := string([]byte{0xff, 0xfe})
	for name, in := range map[string][]byte{
		"tag without value":    {0x10},
		"field zero":           {0x00, 0x00},
		"endless varint":       {0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"length beyond end":    {0x0a, 0x7f, 0x00},
		"reserved wire type":   {0x0f},
		"group without end":    {0x0b, 0x08, 0x01},
		"common":               bytesField(1, []byte{0x10}),
		"start time":           bytesField(1, bytesField(5, []byte{0x08})),
		"address":              bytesField(1, bytesField(13, []byte{0x0a, 0x05})),
		"socket address":       bytesField(1, bytesField(13, bytesField(1, []byte{0x12, 0x05}))),
		"pipe":                 bytesField(1, bytesField(13, bytesField(2, []byte{0x0a, 0x05}))),
		"flags":                bytesField(1, bytesField(16, []byte{0x08})),
		"tag":                  bytesField(1, bytesField(22, []byte{0x0a, 0x05})),
		"tls":                  bytesField(1, bytesField(4, []byte{0x08})),
		"certificate":          bytesField(1, bytesField(4, bytesField(5, []byte{0x0a, 0x05}))),
		"subject name":         bytesField(1, bytesField(4, bytesField(5, bytesField(1, []byte{0x0a, 0x05})))),
		"request":              bytesField(3, []byte{0x08}),
		"request header":       bytesField(3, bytesField(13, []byte{0x0a, 0x05})),
		"response":             bytesField(4, []byte{0x10}),
		"response code":        bytesField(4, bytesField(1, []byte{0x08})),
		"response header":      bytesField(4, bytesField(4, []byte{0x0a, 0x05})),
		"response trailer":     bytesField(4, bytesField(5, []byte{0x0a, 0x05})),
		"route not UTF-8":      bytesField(1, textField(19, bad)),
		"tag value not UTF-8":  bytesField(1, bytesField(22, textField(1, "dst.service"), textField(2, bad))),
		"number out of range":  {0xfa, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00},
		"key without end":      {0xfa, 0xff},
		"key alone":            {0x12},
		"length without end":   {0x0a, 0xff},
		"filter state":         bytesField(1, bytesField(21, []byte{0x0a, 0x05})),
		"filter state object":  bytesField(1, bytesField(21, bytesField(2, []byte{0x0a, 0x05}))),
		"offset":               bytesField(1, bytesField(6, []byte{0x08})),
		"server name":          bytesField(1, bytesField(4, textField(3, bad))),
		"request id not UTF-8": bytesField(3, textField(9, bad)),
	} {
		t.Run(name, func(t *testing.T) {
			var e wire.Entry
			if err := e.Decode(in); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("got error %v, want %v", err, wire.ErrMalformed)
			}
		})
	}
}

func TestNode(t *testing.T) {
	meta := func(key string, value ...[]byte) []byte { // Identifier.node.metadata.fields
		return bytesField(1, bytesField(3, bytesField(1, textField(1, key), bytesField(2, value...))))
	}
	for name, test := range map[string]struct {
		in   []byte
		want wire.Node
	}{
		"as Envoy sends it": {marshal(t, alstest.Identifier("mesh.try")), wire.Node{
			ID: "sidecar~127.0.0.1~reviews-v2.shop~bookinfo", Cluster: "reviews.shop", LogName: "mesh.try",
			Meta: wire.Metadata{
				MeshID: "bookinfo", ClusterID: "local", Namespace: "shop", Workload: "reviews-v2", Service: "reviews",
				Version: "v2", ServiceAccount: "reviews", ProxyKind: "sidecar",
			},
		}},
		"empty":         {nil, wire.Node{}},
		"number":        {meta("WORKLOAD", fixed64(2, 7)), wire.Node{}},
		"text, number":  {meta("WORKLOAD", textField(3, "w"), fixed64(2, 7)), wire.Node{}},
		"number, text":  {meta("WORKLOAD", fixed64(2, 7), textField(3, "w")), wire.Node{Meta: wire.Metadata{Workload: "w"}}},
		"text, struct":  {meta("WORKLOAD", textField(3, "w"), bytesField(5)), wire.Node{}},
		"foreign field": {meta("ISTIO_VERSION", textField(3, "1.31")), wire.Node{}},
		"last of two":   {join(meta("MESH_ID", textField(3, "a")), meta("MESH_ID", textField(3, "b"))), wire.Node{Meta: wire.Metadata{MeshID: "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			message := bytesField(1, test.in)
			var got wire.Node
			if found, err := got.Identifier(message); !found || err != nil {
				t.Fatalf("identifier found: %t, %v", found, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("node (-want +got):\n%s", diff)
			}
			agreeOnMessage(t, message)
		})
	}
}

func TestNodeMalformed(t *testing.T) {
	for name, in := range map[string][]byte{
		"message":    {0x0a},
		"identifier": bytesField(1, []byte{0x0a, 0x05}),
		"node":       bytesField(1, bytesField(1, []byte{0x0a, 0x05})),
		"metadata":   bytesField(1, bytesField(1, bytesField(3, []byte{0x0a, 0x05}))),
		"field":      bytesField(1, bytesField(1, bytesField(3, bytesField(1, []byte{0x0a, 0x05})))),
		"value":      bytesField(1, bytesField(1, bytesField(3, bytesField(1, bytesField(2, []byte{0x1a, 0x05}))))),
	} {
		t.Run(name, func(t *testing.T) {
			var n wire.Node
			if _, err := n.Identifier(in); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("got error %v, want %v", err, wire.ErrMalformed)
			}
		})
	}
}

// TestCursor walks over messages in which the two kinds of logs alternate.
func TestCursor(t *testing.T) {
	entry := func(text string) []byte { return textField(1, text) }
	message := join(
		bytesField(2, entry("a"), varint(9, 1), entry("b")),
		bytesField(1, []byte("identifier")), bytesField(3, entry("c")), bytesField(2), varint(7, 7), bytesField(2, entry("d")))
	var got []string
	c := wire.NewCursor(message)
	for {
		kind, b, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if kind == wire.End {
			break
		}
		got = append(got, map[wire.Kind]string{wire.HTTP: "http ", wire.TCP: "tcp "}[kind]+string(b))
	}
	if diff := cmp.Diff([]string{"http a", "http b", "tcp c", "http d"}, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if kind, _, err := c.Next(); kind != wire.End || err != nil {
		t.Errorf("after the end: %v, %v", kind, err)
	}
}

func TestSpan(t *testing.T) {
	for _, test := range []struct {
		span wire.Span
		want string
	}{
		{wire.Span{}, "0s"},
		{wire.Span{Seconds: 1, Nanos: 5}, "1.000000005s"},
		{wire.Span{Seconds: -1, Nanos: -5}, "-1.000000005s"},
		{wire.Span{Seconds: 1 << 62}, "277777h46m40s"},
		{wire.Span{Seconds: -1 << 62}, "-277777h46m40s"},
	} {
		if got := test.span.Duration().String(); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.span, got, test.want)
		}
	}
}
