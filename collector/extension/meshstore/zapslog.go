package meshstore

import (
	"context"
	"log/slog"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// zapHandler writes slog records, which the rest of the project speaks, to the
// Collector's zap logger.
type zapHandler struct {
	logger *zap.Logger
	prefix string // of open groups, "a.b."
	fields []zap.Field
}

var _ slog.Handler = (*zapHandler)(nil)

// newZapHandler returns a handler over a logger. It names no caller: that would
// be this file.
func newZapHandler(logger *zap.Logger) *zapHandler {
	return &zapHandler{logger: logger.WithOptions(zap.WithCaller(false))}
}

// Enabled asks zap.
func (h *zapHandler) Enabled(_ context.Context, level slog.Level) bool {
	return h.logger.Core().Enabled(zapLevel(level))
}

// Handle passes a record on.
func (h *zapHandler) Handle(_ context.Context, r slog.Record) error {
	entry := h.logger.Check(zapLevel(r.Level), r.Message)
	if entry == nil {
		return nil
	}
	fields := slices.Clone(h.fields)
	r.Attrs(func(a slog.Attr) bool {
		fields = append(fields, h.field(a))
		return true
	})
	entry.Write(fields...)
	return nil
}

// WithAttrs adds fields to all records.
func (h *zapHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.fields = slices.Clone(h.fields)
	for _, a := range attrs {
		with.fields = append(with.fields, h.field(a))
	}
	return &with
}

// WithGroup puts a name in front of the fields to come.
func (h *zapHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.prefix += name + "."
	return &with
}

func (h *zapHandler) field(a slog.Attr) zap.Field {
	return zap.Any(h.prefix+a.Key, a.Value.Resolve().Any())
}

func zapLevel(level slog.Level) zapcore.Level {
	switch {
	case level >= slog.LevelError:
		return zapcore.ErrorLevel
	case level >= slog.LevelWarn:
		return zapcore.WarnLevel
	case level >= slog.LevelInfo:
		return zapcore.InfoLevel
	}
	return zapcore.DebugLevel
}
