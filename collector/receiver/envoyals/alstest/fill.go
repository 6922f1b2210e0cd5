package alstest

import (
	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// fillDepth bounds how deep messages within messages are filled.
const fillDepth = 6

// Full returns an entry in which every field is set, also those that nobody
// reads.
func Full() *datav3.HTTPAccessLogEntry {
	e := &datav3.HTTPAccessLogEntry{}
	fill(e.ProtoReflect(), fillDepth)
	return e
}

// FullConnection is Full for a TCP entry.
func FullConnection() *datav3.TCPAccessLogEntry {
	e := &datav3.TCPAccessLogEntry{}
	fill(e.ProtoReflect(), fillDepth)
	return e
}

// FullMessage returns a message of HTTP logs in which every field is set.
func FullMessage() *servicev3.StreamAccessLogsMessage {
	m := &servicev3.StreamAccessLogsMessage{}
	fill(m.ProtoReflect(), fillDepth+1)
	m.LogEntries = Message(nil, Full()).LogEntries
	return m
}

// fill sets every field of a message. Of a choice, the last arm stays.
func fill(m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case fd.IsMap():
			fillMap(m, fd, depth)
		case fd.IsList():
			fillList(m, fd, depth)
		case fd.Message() != nil:
			if depth > 0 {
				fill(m.Mutable(fd).Message(), depth-1)
			}
		default:
			m.Set(fd, scalar(fd))
		}
	}
}

func fillMap(m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	entries := m.Mutable(fd).Map()
	key := scalar(fd.MapKey()).MapKey()
	if fd.MapValue().Message() == nil {
		entries.Set(key, scalar(fd.MapValue()))
		return
	}
	value := entries.NewValue()
	if depth > 0 {
		fill(value.Message(), depth-1)
	}
	entries.Set(key, value)
}

func fillList(m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	list := m.Mutable(fd).List()
	if fd.Message() == nil {
		list.Append(scalar(fd))
		return
	}
	if depth > 0 {
		fill(list.AppendMutable().Message(), depth-1)
	}
}

// scalar returns a value that is not the default.
func scalar(fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(fd.Name()))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{0xde, 0xad})
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(0.5)
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(0.5)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(-7)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(1 << 40)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(-7)
	}
	return protoreflect.ValueOfUint32(1 << 20)
}
