package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// decode fills spec from the document's values. It walks them beside the
// message's descriptor, so that each mistake is found at its own path: protojson
// alone would stop at the first and name a column of JSON that nobody wrote.
func (w *walker) decode(values map[string]any, spec proto.Message) error {
	normalise(values)
	w.message(spec.ProtoReflect().Descriptor(), values, "", "")
	if len(w.errs) > 0 {
		slices.SortStableFunc(w.errs, compareErrors)
		return w.errs
	}
	text, err := json.Marshal(values)
	if err != nil {
		return w.doc.Errorf("spec", "cannot be written as JSON: %v", err)
	}
	if err := protojson.Unmarshal(text, spec); err != nil {
		return w.doc.Errorf("spec", "cannot be read as %s: %v", w.kind, err)
	}
	return nil
}

// normalise gives maps the keys that JSON has: ports are keys in some kinds,
// and YAML reads them as numbers.
func normalise(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = normalise(item)
		}
	case map[any]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[fmt.Sprint(key)] = normalise(item)
		}
		return out
	case []any:
		for i, item := range v {
			v[i] = normalise(item)
		}
	}
	return value
}

type walker struct {
	doc  yamlfile.Doc
	kind string
	// lenient leaves out what is not supported, where that opens nothing.
	lenient  bool
	errs     yamlfile.Errors
	warnings yamlfile.Errors
}

func (w *walker) bad(path, format string, args ...any) {
	w.errs.Add(w.doc.Errorf("spec."+path, format, args...))
}

// refuse reports a field that Istio would keep.
func (w *walker) refuse(path, shape string) {
	switch {
	case !w.lenient:
		w.bad(path, unsupported)
	case closes(w.kind, shape):
		w.bad(path, unsupported+"; to leave it out would open what it closes")
	default:
		w.warnings.Add(w.doc.Errorf("spec."+path, unsupported+"; left out"))
	}
}

// message checks the fields of a message. path is where the values stand in the
// document, shape the same in the notation of the table.
func (w *walker) message(d protoreflect.MessageDescriptor, values map[string]any, path, shape string) {
	chosen := map[protoreflect.Name]string{} // by oneof
	for _, key := range slices.Sorted(maps.Keys(values)) {
		at := join(path, key)
		field := d.Fields().ByJSONName(key)
		if field == nil {
			field = d.Fields().ByTextName(key)
		}
		if field == nil {
			w.bad(at, "unknown field of %s", d.Name())
			continue
		}
		form := join(shape, field.JSONName()) + suffix(field)
		if !isSupported(w.kind, form) {
			w.refuse(at, form)
			delete(values, key)
			continue
		}
		if o := field.ContainingOneof(); o != nil {
			if other, taken := chosen[o.Name()]; taken {
				w.bad(at, "%s and %s exclude each other", other, key)
			}
			chosen[o.Name()] = key
		}
		if isDuration(field) {
			values[key] = canonicalDuration(values[key])
		}
		w.field(field, key, values[key], at, form)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func suffix(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return "{}"
	case f.IsList():
		return "[]"
	}
	return ""
}

// field goes into messages that the table knows more of, and lets protojson
// judge everything else on its own.
func (w *walker) field(f protoreflect.FieldDescriptor, key string, value any, path, shape string) {
	switch nested := value.(type) {
	case []any:
		if f.IsList() && f.Message() != nil {
			w.list(f.Message(), nested, path, shape)
			return
		}
	case map[string]any:
		if f.IsMap() && f.MapValue().Message() != nil {
			w.list(f.MapValue().Message(), nested, path, shape)
			return
		}
		if !f.IsMap() && !f.IsList() && f.Message() != nil {
			w.message(f.Message(), nested, path, shape)
			return
		}
	}
	w.leaf(f, key, value, path)
}

// list checks the messages of a list or a map.
func (w *walker) list(d protoreflect.MessageDescriptor, items any, path, shape string) {
	each := func(item any, at string) {
		values, ok := item.(map[string]any)
		if !ok {
			w.bad(at, "must be a mapping")
			return
		}
		w.message(d, values, at, shape)
	}
	switch items := items.(type) {
	case []any:
		for i, item := range items {
			each(item, fmt.Sprintf("%s[%d]", path, i))
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(items)) {
			each(items[key], join(path, key))
		}
	}
}

// leaf decodes one field into a message that holds nothing else.
func (w *walker) leaf(f protoreflect.FieldDescriptor, key string, value any, path string) {
	text, err := json.Marshal(map[string]any{key: value})
	if err == nil {
		err = protojson.Unmarshal(text, dynamicpb.NewMessage(f.ContainingMessage()))
	}
	if err != nil {
		w.bad(path, "%s is not %s", show(value), expected(f))
	}
}
