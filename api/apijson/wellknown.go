package apijson

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// wellKnown lists the messages that are written as plain values.
var wellKnown = map[protoreflect.FullName]func(*writer, protoreflect.Message) error{
	"google.protobuf.Timestamp": (*writer).timestamp,
	"google.protobuf.Duration":  (*writer).duration,
}

func (w *writer) timestamp(m protoreflect.Message) error {
	t := m.Interface().(*timestamppb.Timestamp)
	if err := t.CheckValid(); err != nil {
		return err
	}
	return w.json(t.AsTime().Format(time.RFC3339Nano))
}

func (w *writer) duration(m protoreflect.Message) error {
	d := m.Interface().(*durationpb.Duration)
	if err := d.CheckValid(); err != nil {
		return err
	}
	return w.json(seconds(d.GetSeconds(), d.GetNanos()))
}

// seconds writes a duration as seconds without trailing zeros: "0s", "1.5s",
// "-0.000001s".
func seconds(whole int64, nanos int32) string {
	sign := ""
	if whole < 0 || nanos < 0 {
		sign, whole, nanos = "-", -whole, -nanos
	}
	s := sign + strconv.FormatInt(whole, 10)
	if nanos != 0 {
		digits := strconv.FormatInt(int64(nanos)+1e9, 10)[1:]
		s += "." + strings.TrimRight(digits, "0")
	}
	return s + "s"
}
