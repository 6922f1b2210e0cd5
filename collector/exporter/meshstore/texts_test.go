package meshstore

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestTexts(t *testing.T) {
	for want, raw := range map[string]any{
		"plain":       "plain",
		"":            "",
		"-7":          int64(-7),
		"true":        true,
		"false":       false,
		"0.1":         0.1,
		"3":           3.0,
		"1e+21":       1e21,
		"1e-7":        1e-7,
		"0.000001":    1e-6,
		"NaN":         math.NaN(),
		"-Inf":        math.Inf(-1),
		"aGk=":        []byte("hi"),
		`[1,"a"]`:     []any{1, "a"},
		`{"a":[{}]}`:  map[string]any{"a": []any{map[string]any{}}},
		"123456789.5": 123456789.5,
	} {
		v := pcommon.NewValueEmpty()
		if err := v.FromRaw(raw); err != nil {
			t.Fatal(err)
		}
		var texts texts
		if got := texts.value(v); got != want {
			t.Errorf("%v: got %q, want %q", raw, got, want)
		}
	}
	if got := (&texts{}).value(pcommon.NewValueEmpty()); got != "" {
		t.Errorf("no value: got %q", got)
	}
}

// TestFloats compares with encoding/json, which writes numbers the same way.
func TestFloats(t *testing.T) {
	for _, f := range []float64{0, 1, -1, 0.5, 1e-5, 1e-6, 9.99e-7, 1e-9, 1.5e-10, 1e20, 1e21, 1.25e300, -2.5e-300, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		want, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendFloat(nil, f)); got != string(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestTextsStayValid lets the buffer grow: what was lent before keeps its value
// until reset.
func TestTextsStayValid(t *testing.T) {
	var texts texts
	var lent []string
	for i := range 1000 {
		lent = append(lent, texts.value(pcommon.NewValueInt(int64(i))))
	}
	for i, text := range lent {
		if want := pcommon.NewValueInt(int64(i)).AsString(); text != want {
			t.Fatalf("text %d became %q", i, text)
		}
	}
	texts.reset()
	before := cap(texts.buf)
	for i := range 1000 {
		texts.value(pcommon.NewValueInt(int64(i)))
	}
	if cap(texts.buf) > 2*before {
		t.Errorf("the buffer is not used again: %d bytes, then %d", before, cap(texts.buf))
	}
}

func TestParseFlags(t *testing.T) {
	for text, want := range map[string]struct {
		flags record.Flags
		all   bool
	}{
		"-":         {0, true},
		"":          {0, true},
		"UH":        {record.FlagUH, true},
		"UF,URX":    {record.FlagUF | record.FlagURX, true},
		"DR":        {record.FlagDR, true},
		"UF,CUSTOM": {record.FlagUF, false},
		"CUSTOM":    {0, false},
		"uf":        {0, false},
		"UF, URX":   {record.FlagUF, false},
		",":         {0, false},
	} {
		if flags, all := parseFlags(text); flags != want.flags || all != want.all {
			t.Errorf("%q: got %v, %v; want %v, %v", text, flags, all, want.flags, want.all)
		}
	}
	every := ^record.Flags(0) >> (64 - 28)
	if got, all := parseFlags(every.String()); got != every || !all {
		t.Errorf("all flags: got %v, want %v", got, every)
	}
}

func TestCallID(t *testing.T) {
	want := [16]byte{0x23, 0xb2, 0x0e, 0x4b, 0xda, 0x82, 0x45, 0xaa, 0xa8, 0x36, 0x15, 0xa1, 0x3c, 0xb2, 0x0f, 0x8f}
	const id = "23b20e4b-da82-45aa-a836-15a13cb20f8f"
	for _, text := range []string{id, strings.ToUpper(id)} {
		if got := callID(text); got != want {
			t.Errorf("%q: got %x", text, got)
		}
	}
	for _, text := range []string{"", "-", id[1:], id + "0", strings.ReplaceAll(id, "-", "_"), strings.Replace(id, "2", "g", 1)} {
		if got := callID(text); got != [16]byte{} {
			t.Errorf("%q: got %x, want nothing", text, got)
		}
	}
}
