package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// isDuration tells whether a field holds a single duration.
func isDuration(f protoreflect.FieldDescriptor) bool {
	return !f.IsList() && f.Message() != nil && f.Message().FullName() == "google.protobuf.Duration"
}

// canonicalDuration turns the forms that Istio takes besides protobuf's own
// ("100ms", "1m30s") into seconds; anything else stays for protojson to refuse.
func canonicalDuration(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return value
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// expected says what a field wants, for a person who wrote something else.
func expected(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return "a mapping to " + expected(f.MapValue()) + "; numbers need quotes"
	case f.IsList():
		return "a list"
	case isDuration(f):
		return "a duration such as 250ms, 1.5s or 3m"
	}
	switch f.Kind() {
	case protoreflect.EnumKind:
		return "one of " + names(f.Enum())
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.StringKind:
		return "text"
	case protoreflect.MessageKind:
		if v := f.Message().Fields().ByName("value"); v != nil && f.Message().ParentFile().Package() == "google.protobuf" {
			return expected(v)
		}
		return "a mapping"
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return "a number"
	}
	return "a whole number of type " + f.Kind().String()
}

// names lists the values of an enum.
func names(e protoreflect.EnumDescriptor) string {
	var list []string
	for i := range e.Values().Len() {
		list = append(list, string(e.Values().Get(i).Name()))
	}
	return strings.Join(list, ", ")
}

// maxShown bounds how much of a wrong value an error repeats.
const maxShown = 60

// show returns a value as a person wrote it, nearly.
func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value)
	}
	if len(text) > maxShown {
		return string(text[:maxShown]) + "…"
	}
	return string(text)
}
