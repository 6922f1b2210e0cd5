package schema

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMigrationsAreNumbered(t *testing.T) {
	all := migrations()
	if len(all) != Version {
		t.Errorf("Version = %d for %d migrations", Version, len(all))
	}
	for i, m := range all {
		if int(m.id) != i+1 {
			t.Errorf("migration %s has number %d, want %d", m.name, m.id, i+1)
		}
	}
}

func TestPlan(t *testing.T) {
	steps := []step{
		{migration: migration{id: 1, name: "one"}, checksum: "aaaa"},
		{migration: migration{id: 2, name: "two"}, checksum: "bbbb"},
		{migration: migration{id: 3, name: "three"}, checksum: "cccc"},
	}
	for name, tc := range map[string]struct {
		done []applied
		want []uint32
		err  error
		text string
	}{
		"fresh":                 {nil, []uint32{1, 2, 3}, nil, ""},
		"all done":              {[]applied{{3, "three", "cccc"}, {2, "two", "bbbb"}, {1, "one", "aaaa"}}, nil, nil, ""},
		"some done":             {[]applied{{1, "one", "aaaa"}}, []uint32{2, 3}, nil, ""},
		"one in between missed": {[]applied{{1, "one", "aaaa"}, {3, "three", "cccc"}}, []uint32{2}, nil, ""},
		"recorded twice":        {[]applied{{1, "one", "aaaa"}, {1, "one", "aaaa"}}, []uint32{2, 3}, nil, ""},
		"newer":                 {[]applied{{9, "nine", "ffff"}, {1, "one", "aaaa"}}, nil, ErrNewer, "migration 9 (nine)"},
		"changed":               {[]applied{{2, "two", "eeee"}}, nil, ErrChanged, "recorded checksum eeee, ours bbbb"},
		"one of two changed":    {[]applied{{2, "two", "bbbb"}, {2, "two", "eeee"}}, nil, ErrChanged, "migration 2 (two)"},
	} {
		t.Run(name, func(t *testing.T) {
			todo, err := plan(steps, tc.done)
			if !errors.Is(err, tc.err) || (err != nil && !strings.Contains(err.Error(), tc.text)) {
				t.Fatalf("error = %v, want %v with %q", err, tc.err, tc.text)
			}
			var ids []uint32
			for _, s := range todo {
				ids = append(ids, s.id)
			}
			if diff := cmp.Diff(tc.want, ids); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInsertNamesEveryColumn(t *testing.T) {
	for _, table := range Tables() {
		got := table.Insert()
		if !strings.HasPrefix(got, "INSERT INTO "+table.Name+" ("+table.Columns[0].Name+", ") || !strings.HasSuffix(got, "block_id) FORMAT Native") {
			t.Errorf("statement = %s", got)
		}
		if commas := strings.Count(got, ","); commas != len(table.Columns)-1 {
			t.Errorf("%s: %d columns in the statement, %d in the table", table.Name, commas+1, len(table.Columns))
		}
	}
}
