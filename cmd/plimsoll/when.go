package main

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// when is a flag that takes a moment: RFC 3339, or a duration before now.
type when struct {
	text string
	time time.Time // zero: not set
	now  func() time.Time
}

func (w *when) String() string { return w.text }
func (w *when) Type() string   { return "time" }

// Set reads "2026-03-01T12:00:00Z" or "10m" (ten minutes ago).
func (w *when) Set(text string) error {
	w.text = text
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		w.time = t
		return nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		w.time = w.now().Add(-ago)
		return nil
	}
	return fmt.Errorf("%q is neither a time such as 2026-03-01T12:00:00Z nor a duration before now such as 10m", text)
}

// proto returns the moment, nil if it was not set.
func (w *when) proto() *timestamppb.Timestamp {
	if w.time.IsZero() {
		return nil
	}
	return timestamppb.New(w.time)
}

// span is a flag that takes a window, as FROM/TO, each like when.
type span struct {
	text     string
	from, to when
}

func newSpan(now func() time.Time) *span { return &span{from: when{now: now}, to: when{now: now}} }

func (s *span) String() string { return s.text }
func (s *span) Type() string   { return "from/to" }

// Set reads both ends and refuses an empty window.
func (s *span) Set(text string) error {
	from, to, ok := strings.Cut(text, "/")
	if !ok {
		return fmt.Errorf("%q is no window: write FROM/TO, such as 10m/5m", text)
	}
	if err := s.from.Set(from); err != nil {
		return err
	}
	if err := s.to.Set(to); err != nil {
		return err
	}
	if !s.from.time.Before(s.to.time) {
		return fmt.Errorf("window %q does not start before it ends", text)
	}
	s.text = text
	return nil
}

func (s *span) proto() *typesv1.Window {
	if s.text == "" {
		return nil
	}
	return &typesv1.Window{From: s.from.proto(), To: s.to.proto()}
}

// optionalDuration returns nil for zero.
func optionalDuration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// windowText writes a window for people.
func windowText(w *typesv1.Window) string {
	const clock = "2006-01-02T15:04:05.999Z"
	from, to := w.GetFrom().AsTime(), w.GetTo().AsTime()
	return fmt.Sprintf("%s to %s (%s)", from.Format(clock), to.Format(clock), to.Sub(from).Round(time.Millisecond))
}
