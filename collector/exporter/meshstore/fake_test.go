package meshstore

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// fakeStore is a store that keeps what it gets, as text, since records are
// borrowed. It doubles as the host that holds it.
type fakeStore struct {
	component.StartFunc
	component.ShutdownFunc

	commit func(context.Context) error // nil: durable at once
	full   bool

	mu      sync.Mutex
	records []string
	commits int
	durable int // records that a commit covered
}

func (f *fakeStore) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): f}
}

func (f *fakeStore) Span(s *record.Span)             { f.keep("span", s) }
func (f *fakeStore) Log(l *record.Log)               { f.keep("log", l) }
func (f *fakeStore) Request(r *record.Request)       { f.keep("request", r) }
func (f *fakeStore) Attempt(a *record.Attempt)       { f.keep("attempt", a) }
func (f *fakeStore) Flow(r *record.Flow)             { f.keep("flow", r) }
func (f *fakeStore) EdgeSample(s *record.EdgeSample) { f.keep("edge_sample", s) }
func (f *fakeStore) ProxyStat(s *record.ProxyStat)   { f.keep("proxy_stat", s) }
func (f *fakeStore) Room() bool                      { return !f.full }

func (f *fakeStore) keep(kind string, r any) {
	text := kind + describe(reflect.ValueOf(r).Elem(), "\n  ")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records = append(f.records, text)
}

func (f *fakeStore) Commit(ctx context.Context) error {
	f.mu.Lock()
	f.commits++
	covered := len(f.records)
	f.mu.Unlock()
	if f.commit != nil {
		if err := f.commit(ctx); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.durable = max(f.durable, covered)
	return nil
}

// take returns what has come since the last call.
func (f *fakeStore) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.records
	f.records = nil
	return taken
}

// sorted returns what is kept, by kind, in the order of time.
func (f *fakeStore) sorted() map[string][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	kinds := make(map[string][]string)
	for _, r := range f.records {
		kind, _, _ := strings.Cut(r, "\n")
		kinds[kind] = append(kinds[kind], r)
	}
	for _, list := range kinds {
		slices.SortStableFunc(list, func(a, b string) int {
			return strings.Compare(cmp.Or(field(a, "At"), field(a, "Start"), field(a, "End")), cmp.Or(field(b, "At"), field(b, "Start"), field(b, "End")))
		})
	}
	return kinds
}

// field returns the text of a record's field, "" if it is zero.
func field(r, name string) string {
	_, text, ok := strings.Cut(r, "\n  "+name+": ")
	if !ok {
		return ""
	}
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// number returns a field as a number, 0 if it is zero.
func number(t *testing.T, r, name string) uint64 {
	t.Helper()
	if field(r, name) == "" {
		return 0
	}
	n, err := strconv.ParseUint(field(r, name), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// describe lists the fields of a record that are not zero, each after the
// separator.
func describe(v reflect.Value, separator string) string {
	var b strings.Builder
	for i := range v.NumField() {
		if field := v.Field(i); !field.IsZero() {
			fmt.Fprintf(&b, "%s%s: %s", separator, v.Type().Field(i).Name, text(field.Interface()))
		}
	}
	return b.String()
}

func text(value any) string {
	switch v := value.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000000")
	case fmt.Stringer:
		return v.String()
	case [16]byte:
		return hex.EncodeToString(v[:])
	case [8]byte:
		return hex.EncodeToString(v[:])
	case string:
		return fmt.Sprintf("%q", v)
	case record.Attr:
		return fmt.Sprintf("%s=%q", v.Key, v.Value)
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, text(v.Index(i).Interface()))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case reflect.Struct:
		return "{" + strings.TrimPrefix(describe(v, " "), " ") + "}"
	}
	return fmt.Sprint(value)
}

// wants fails the test unless each text is contained in the record of the same
// place.
func wants(t *testing.T, got []string, want ...[]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, parts := range want {
		for _, part := range parts {
			if !strings.Contains(got[i]+"\n", part+"\n") {
				t.Errorf("record %d has no %q:\n%s", i, part, got[i])
			}
		}
	}
}
