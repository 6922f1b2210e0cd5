package apijson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Marshal returns m as one line of JSON. The only error is a Timestamp or a
// Duration out of its range.
func Marshal(m proto.Message) ([]byte, error) {
	var w writer
	if err := w.message(m.ProtoReflect()); err != nil {
		return nil, fmt.Errorf("writing %s as JSON: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return w.Bytes(), nil
}

// MarshalIndent is Marshal with two spaces of indentation a level and a final
// newline.
func MarshalIndent(m proto.Message) ([]byte, error) {
	line, err := Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, line, "", "  "); err != nil {
		return nil, fmt.Errorf("indenting JSON: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

type writer struct{ bytes.Buffer }

func (w *writer) message(m protoreflect.Message) error {
	if write, ok := wellKnown[m.Descriptor().FullName()]; ok {
		return write(w, m)
	}
	w.WriteByte('{')
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if i > 0 {
			w.WriteByte(',')
		}
		f := fields.Get(i)
		w.WriteString(strconv.Quote(string(f.Name())) + ":")
		if err := w.field(m, f); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	w.WriteByte('}')
	return nil
}

func (w *writer) field(m protoreflect.Message, f protoreflect.FieldDescriptor) error {
	switch {
	case f.IsList():
		return w.list(m.Get(f).List(), f)
	case f.IsMap():
		return w.mapping(m.Get(f).Map(), f.MapValue())
	case f.HasPresence() && !m.Has(f):
		w.WriteString("null")
		return nil
	}
	return w.value(m.Get(f), f)
}

func (w *writer) list(list protoreflect.List, f protoreflect.FieldDescriptor) error {
	w.WriteByte('[')
	for i := range list.Len() {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := w.value(list.Get(i), f); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	w.WriteByte(']')
	return nil
}

func (w *writer) mapping(m protoreflect.Map, f protoreflect.FieldDescriptor) error {
	var keys []protoreflect.MapKey
	m.Range(func(key protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, key)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
	w.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := w.json(key.String()); err != nil {
			return err
		}
		w.WriteByte(':')
		if err := w.value(m.Get(key), f); err != nil {
			return fmt.Errorf("%q: %w", key.String(), err)
		}
	}
	w.WriteByte('}')
	return nil
}

func (w *writer) value(v protoreflect.Value, f protoreflect.FieldDescriptor) error {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return w.message(v.Message())
	case protoreflect.StringKind:
		return w.json(v.String())
	case protoreflect.BytesKind:
		return w.json(base64.StdEncoding.EncodeToString(v.Bytes()))
	case protoreflect.EnumKind:
		return w.enum(v.Enum(), f)
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return w.float(v.Float())
	}
	return w.json(v.Interface()) // bool and integers
}

// enum writes the name of a value, or its number when this build does not know
// the name.
func (w *writer) enum(n protoreflect.EnumNumber, f protoreflect.FieldDescriptor) error {
	if v := f.Enum().Values().ByNumber(n); v != nil {
		return w.json(string(v.Name()))
	}
	return w.json(int32(n))
}

// float writes null for what JSON has no number for.
func (w *writer) float(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.WriteString("null")
		return nil
	}
	return w.json(v)
}

func (w *writer) json(v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	w.Truncate(w.Len() - 1) // the encoder's newline
	return nil
}
