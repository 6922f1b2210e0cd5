package observe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	observev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// TestFollow lets the watermark move for a minute: rows come as it passes them,
// a quiet stream still tells how far it is, and it ends with its context.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		store := &memory{}
		var rows, told int
		s := &stream{rows: store, rate: 10, mark: func(context.Context) (query.Mark, error) {
			return query.Mark{At: time.Now().Add(-5 * time.Second)}, nil
		}}
		s.send = func(m *observev1.ObserveResponse) error {
			if m.GetRow() != nil {
				rows++
			}
			if m.GetProgress() != nil {
				told++
			}
			return nil
		}
		for i := range 30 {
			store.landed = append(store.landed, rowAt("b", start.Add(time.Duration(i)*time.Second), "r"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s.cursor.advance(start.Add(-5*time.Second), nil)
		if err := s.follow(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the stream ended with %v", err)
		}
		if rows != 30 || told < 5 {
			t.Errorf("%d rows and %d messages of progress in a minute, want 30 and at least 5", rows, told)
		}
	})
}

// TestFollowPassesOnErrors: a store that goes away ends the stream.
func TestFollowPassesOnErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		s := &stream{rows: &memory{}, mark: func(context.Context) (query.Mark, error) { return query.Mark{}, broken }}
		if err := s.follow(t.Context()); !errors.Is(err, broken) {
			t.Errorf("the stream ended with %v", err)
		}
	})
}
