package meshstore

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestZapHandler(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	log := slog.New(newZapHandler(zap.New(core, zap.AddCaller())))
	log.Debug("not to be seen")
	log.Info("block stored", "rows", 7)
	with := log.With("table", "requests")
	with.WithGroup("store").Warn("insert failed", "try", 2, "error", errors.New("refused"))
	with.Error("block lost")
	log.WithGroup("").Log(t.Context(), slog.LevelError+4, "worse")

	type line struct {
		Level   zapcore.Level
		Message string
		Fields  map[string]any
	}
	var got []line
	for _, e := range logs.All() {
		if e.Caller.Defined {
			t.Errorf("%q names its caller, %s", e.Message, e.Caller)
		}
		got = append(got, line{e.Level, e.Message, e.ContextMap()})
	}
	want := []line{
		{zap.InfoLevel, "block stored", map[string]any{"rows": int64(7)}},
		{zap.WarnLevel, "insert failed", map[string]any{"table": "requests", "store.try": int64(2), "store.error": "refused"}},
		{zap.ErrorLevel, "block lost", map[string]any{"table": "requests"}},
		{zap.ErrorLevel, "worse", map[string]any{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestZapLevel(t *testing.T) {
	for level, want := range map[slog.Level]zapcore.Level{
		slog.LevelDebug: zap.DebugLevel, slog.LevelInfo: zap.InfoLevel, slog.LevelInfo + 1: zap.InfoLevel,
		slog.LevelWarn: zap.WarnLevel, slog.LevelError: zap.ErrorLevel, slog.LevelError + 1: zap.ErrorLevel, slog.LevelDebug - 4: zap.DebugLevel,
	} {
		if got := zapLevel(level); got != want {
			t.Errorf("%v becomes %v, want %v", level, got, want)
		}
	}
}
