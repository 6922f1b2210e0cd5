package wire_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// The helpers write parts of a google.protobuf.Struct.

func structFields(fields ...[]byte) []byte { return join(fields...) }

func structField(key string, value ...[]byte) []byte {
	return bytesField(1, textField(1, key), bytesField(2, value...))
}

func textValue(text string) []byte { return textField(3, text) }

func structValue(fields ...[]byte) []byte { return bytesField(5, fields...) }

// TestLabels reads the labels in a node's metadata in forms that encoders write
// and in such that they do not, as the generated decoder reads them.
func TestLabels(t *testing.T) {
	const name, revision = "service.istio.io/canonical-name", "service.istio.io/canonical-revision"
	for title, test := range map[string]struct {
		labels            [][]byte // the parts of the value of LABELS
		service, revision string
	}{
		"canonical": {[][]byte{structValue(structField(name, textValue("a")), structField(revision, textValue("1")))}, "a", "1"},
		"plain":     {[][]byte{structValue(structField("app", textValue("a")), structField("version", textValue("1")))}, "a", "1"},
		"canonical before plain": {
			[][]byte{structValue(structField(name, textValue("a")), structField("app", textValue("b")))}, "a", "",
		},
		"whatever the order": {
			[][]byte{structValue(structField("app", textValue("b")), structField(name, textValue("a")))}, "a", "",
		},
		"empty canonical":      {[][]byte{structValue(structField(name, textValue("")), structField("app", textValue("b")))}, "b", ""},
		"none":                 {[][]byte{structValue()}, "", ""},
		"other labels":         {[][]byte{structValue(structField("team", textValue("a")))}, "", ""},
		"a number":             {[][]byte{structValue(structField("app", fixed64(2, 7)))}, "", ""},
		"a number, then text":  {[][]byte{structValue(structField("app", fixed64(2, 7), textValue("a")))}, "a", ""},
		"text, then a number":  {[][]byte{structValue(structField("app", textValue("a"), fixed64(2, 7)))}, "", ""},
		"text, then a list":    {[][]byte{structValue(structField("app", textValue("a"), bytesField(6)))}, "", ""},
		"text, then a truth":   {[][]byte{structValue(structField("app", textValue("a"), varint(4, 1)))}, "", ""},
		"text, then null":      {[][]byte{structValue(structField("app", textValue("a"), varint(1, 0)))}, "", ""},
		"text, then a struct":  {[][]byte{structValue(structField("app", textValue("a"), structValue()))}, "", ""},
		"twice":                {[][]byte{structValue(structField("app", textValue("a")), structField("app", textValue("b")))}, "b", ""},
		"in two structs":       {[][]byte{structValue(structField("app", textValue("a"))), structValue(structField("version", textValue("1")))}, "a", "1"},
		"struct, then text":    {[][]byte{structValue(structField("app", textValue("a"))), textValue("x")}, "", ""},
		"text, then struct":    {[][]byte{textValue("x"), structValue(structField("app", textValue("a")))}, "a", ""},
		"struct, then null":    {[][]byte{structValue(structField("app", textValue("a"))), varint(1, 0)}, "", ""},
		"no value":             {nil, "", ""},
		"value before its key": {[][]byte{structValue(bytesField(1, bytesField(2, textValue("a")), textField(1, "app")))}, "a", ""},
		"an unknown field":     {[][]byte{structValue(varint(9, 1), structField("app", varint(9, 1), textValue("a")), textField(8, "x"))}, "a", ""},
		"deeper":               {[][]byte{structValue(structField("labels", structValue(structField("app", textValue("a")))))}, "", ""},
	} {
		t.Run(title, func(t *testing.T) {
			message := bytesField(1, bytesField(1, bytesField(3, structFields(structField("LABELS", test.labels...)))))
			var n wire.Node
			if found, err := n.Identifier(message); !found || err != nil {
				t.Fatalf("identifier found: %t, %v", found, err)
			}
			if n.Meta.LabelService != test.service || n.Meta.LabelRevision != test.revision {
				t.Errorf("service %q, revision %q; want %q, %q", n.Meta.LabelService, n.Meta.LabelRevision, test.service, test.revision)
			}
			agreeOnMessage(t, message)
		})
	}
}

// TestLabelsMalformed breaks each level of a struct.
func TestLabelsMalformed(t *testing.T) {
	cut := []byte{0x0a, 0x05}
	for name, metadata := range map[string][]byte{
		"struct":         cut,
		"field":          bytesField(1, cut),
		"value":          structField("LABELS", []byte{0x2a, 0x05}),
		"labels":         structField("LABELS", structValue(cut)),
		"label":          structField("LABELS", structValue(bytesField(1, cut))),
		"label's value":  structField("LABELS", structValue(structField("app", []byte{0x1a, 0x05}))),
		"label not text": structField("LABELS", structValue(structField("app", textValue("\xff")))),
		"key not text":   structField("\xff", textValue("x")),
		"text not text":  structField("WORKLOAD", textValue("\xff")),
	} {
		t.Run(name, func(t *testing.T) {
			var n wire.Node
			if _, err := n.Identifier(bytesField(1, bytesField(1, bytesField(3, metadata)))); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("got error %v, want %v", err, wire.ErrMalformed)
			}
		})
	}
}

// TestMalformedPeer breaks each level of an object of the filter state. Only what
// is not within the object makes the entry malformed.
func TestMalformedPeer(t *testing.T) {
	cut := []byte{0x0a, 0x05}
	object := func(value ...[]byte) []byte {
		return bytesField(21, textField(1, "upstream_peer"), bytesField(2, textField(1, "x/google.protobuf.Struct"), bytesField(2, value...)))
	}
	for name, test := range map[string]struct {
		state     []byte
		malformed bool
	}{
		"entry":         {bytesField(21, cut), true},
		"object":        {bytesField(21, textField(1, "upstream_peer"), bytesField(2, cut)), true},
		"struct":        {object(cut), false},
		"field":         {object(bytesField(1, cut)), false},
		"value":         {object(structField("workload", []byte{0x1a, 0x05})), false},
		"not text":      {object(structField("workload", textValue("\xff"))), false},
		"after a field": {object(structField("workload", textValue("w")), cut), false},
	} {
		t.Run(name, func(t *testing.T) {
			var e wire.Entry
			err := e.Decode(bytesField(1, textField(19, "route"), test.state))
			if errors.Is(err, wire.ErrMalformed) != test.malformed {
				t.Fatalf("error %v", err)
			}
			want := wire.Peer{Known: true, Unreadable: true}
			if !test.malformed && (e.Common.UpstreamPeer != want || e.Common.Route != "route") {
				t.Errorf("peer %+v, route %q", e.Common.UpstreamPeer, e.Common.Route)
			}
		})
	}
}

// TestCursorMalformed says how far a walk comes.
func TestCursorMalformed(t *testing.T) {
	good := textField(1, "a")
	for name, test := range map[string]struct {
		in      []byte
		entries int
	}{
		"message":              {[]byte{0x12}, 0},
		"behind good entries":  {join(bytesField(2, good, good), []byte{0x12, 0x7f}), 2},
		"entry":                {bytesField(2, []byte{0x0a, 0x05}), 0},
		"second entry":         {bytesField(2, good, []byte{0x0a, 0x05}), 1},
		"second kind":          {join(bytesField(2, good), bytesField(3, good, []byte{0x0a})), 2},
		"field of the entries": {bytesField(3, good, []byte{0x00, 0x00}), 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := wire.NewCursor(test.in)
			n := 0
			for {
				kind, _, err := c.Next()
				if errors.Is(err, wire.ErrMalformed) {
					break
				}
				if err != nil || kind == wire.End {
					t.Fatalf("after %d entries: kind %d, error %v", n, kind, err)
				}
				n++
			}
			if n != test.entries {
				t.Errorf("%d entries before the error, want %d", n, test.entries)
			}
		})
	}
}

// TestDecodeReplaces sees that nothing of an entry before is left.
func TestDecodeReplaces(t *testing.T) {
	var e wire.Entry
	if err := e.Decode(marshal(t, alstest.Full())); err != nil {
		t.Fatal(err)
	}
	if err := e.Decode(nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wire.Entry{}, e); diff != "" {
		t.Errorf("left over (-want +got):\n%s", diff)
	}
	var c wire.TCPEntry
	if err := c.Decode(marshal(t, alstest.FullConnection())); err != nil {
		t.Fatal(err)
	}
	if err := c.Decode(nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wire.TCPEntry{}, c); diff != "" {
		t.Errorf("left over (-want +got):\n%s", diff)
	}
}
