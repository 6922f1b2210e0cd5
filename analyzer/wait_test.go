package analyzer

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// slowStore is a store that answers from a moment on.
type slowStore struct {
	driver.Conn
	up    time.Time
	pings int
}

func (s *slowStore) Ping(ctx context.Context) error {
	s.pings++
	if _, bounded := ctx.Deadline(); !bounded {
		return errors.New("a ping without deadline")
	}
	if time.Now().Before(s.up) {
		return errors.New("connection refused")
	}
	return nil
}

func TestWaitForStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		store := &slowStore{up: begin.Add(25 * time.Second)}
		var log bytes.Buffer
		if !waitForStore(t.Context(), store, slog.New(slog.NewTextHandler(&log, nil))) {
			t.Error("gave up")
		}
		if waited := time.Since(begin); waited != 25*time.Second {
			t.Errorf("waited %s for a store that was up after 25 s", waited)
		}
		if got := strings.Count(log.String(), "waiting for the store"); got != 3 {
			t.Errorf("%d lines about waiting, want one at once and then every 10 s:\n%s", got, &log)
		}
	})
}

func TestWaitForStoreEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		store := &slowStore{up: time.Now().Add(time.Hour)}
		if waitForStore(ctx, store, slog.New(slog.DiscardHandler)) || store.pings < 6 {
			t.Errorf("ended well, or after %d pings", store.pings)
		}
	})
}

// TestTogether ends all functions as soon as one does, and keeps every error.
func TestTogether(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	err := together(t.Context(),
		func(context.Context) error { return first },
		func(ctx context.Context) error { <-ctx.Done(); return second },
		func(ctx context.Context) error { <-ctx.Done(); return nil },
	)
	if !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("error %v, want both", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := together(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil }); err != nil {
		t.Errorf("error %v after a plain stop", err)
	}
}
