package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	maxLogLine   = 4096 // longer lines are cut, in bytes
	maxLogRate   = 100  // lines per second that are forwarded
	keptLogLines = 10   // for the error when a child does not start
)

// childLog takes what a child writes to standard output and error, and passes it
// to a logger line by line. Records of slog's JSON handler keep their level and
// fields; other lines, which come from libchdb or a crash, become one field.
type childLog struct {
	logger *slog.Logger
	now    func() time.Time

	mu         sync.Mutex
	partial    []byte
	last       []string // newest last
	second     time.Time
	count      int // lines in that second
	suppressed int
}

func newChildLog(logger *slog.Logger, now func() time.Time) *childLog {
	return &childLog{logger: logger, now: now}
}

// Write takes any piece of output; it never fails.
func (l *childLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	for {
		line, rest, found := bytes.Cut(p, []byte("\n"))
		if room := maxLogLine - len(l.partial); len(line) > room {
			line = line[:room]
		}
		l.partial = append(l.partial, line...)
		if !found {
			return n, nil
		}
		l.line(strings.TrimRight(string(l.partial), "\r"))
		l.partial, p = l.partial[:0], rest
	}
}

func (l *childLog) line(text string) {
	if text == "" {
		return
	}
	record := parseRecord(text)
	l.keep(record)
	if !l.admit() {
		l.suppressed++
		return
	}
	if l.suppressed > 0 {
		l.logger.Warn("engine output suppressed", "lines", l.suppressed)
		l.suppressed = 0
	}
	l.forward(record)
}

// forward hands a record over as its writer made it, message and all.
func (l *childLog) forward(r logRecord) {
	ctx, handler := context.Background(), l.logger.Handler()
	if !handler.Enabled(ctx, r.level) {
		return
	}
	record := slog.NewRecord(l.now(), r.level, r.message, 0)
	record.AddAttrs(r.attrs...)
	_ = handler.Handle(ctx, record) // a log that cannot be written has nowhere to say so
}

// admit bounds the rate.
func (l *childLog) admit() bool {
	if now := l.now(); now.Sub(l.second) >= time.Second {
		l.second, l.count = now, 0
	}
	l.count++
	return l.count <= maxLogRate
}

func (l *childLog) keep(r logRecord) {
	l.last = append(l.last, r.summary())
	if len(l.last) > keptLogLines {
		l.last = l.last[1:]
	}
}

// lastLines returns the newest lines, joined.
func (l *childLog) lastLines() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "; ")
}

// logRecord is a line of output, understood.
type logRecord struct {
	level   slog.Level
	message string
	attrs   []slog.Attr
}

func parseRecord(text string) logRecord {
	var fields map[string]any
	record := logRecord{level: slog.LevelInfo, message: "engine output", attrs: []slog.Attr{slog.String("line", text)}}
	if json.Unmarshal([]byte(text), &fields) != nil {
		return record
	}
	message, ok := fields[slog.MessageKey].(string)
	level, okLevel := fields[slog.LevelKey].(string)
	if !ok || !okLevel || record.level.UnmarshalText([]byte(level)) != nil {
		return record
	}
	record.message, record.attrs = message, nil
	for name, value := range fields {
		if name != slog.MessageKey && name != slog.LevelKey && name != slog.TimeKey {
			record.attrs = append(record.attrs, slog.Any(name, value))
		}
	}
	return record
}

// summary is the record in a few words, for an error text.
func (r logRecord) summary() string {
	words := []string{r.message}
	for _, attr := range r.attrs {
		if attr.Key == "line" {
			return attr.Value.String()
		}
		words = append(words, attr.String())
	}
	return strings.Join(words, " ")
}
