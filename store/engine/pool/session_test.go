package pool

import "testing"

func TestKeyTellsSessionsApart(t *testing.T) {
	sessions := []Session{
		{},
		{Database: "a"},
		{Settings: map[string]string{"a": ""}},
		{Settings: map[string]string{"a": "b"}},
		{Settings: map[string]string{"a": "b", "c": "d"}},
		{Settings: map[string]string{"a": `b" "c"="d`}},
		{Settings: map[string]string{"a": "b\x00c\x00d"}},
		{Database: "a", Settings: map[string]string{"b": ""}},
	}
	seen := map[string]int{}
	for i, s := range sessions {
		if j, ok := seen[s.key()]; ok {
			t.Errorf("sessions %d and %d share a key", i, j)
		}
		seen[s.key()] = i
	}
}

func TestSetStatementQuotesAndSorts(t *testing.T) {
	got := setStatement(map[string]string{"b": `it's`, "a": `\`, "c": ""})
	if want := `SET a = '\\', b = 'it\'s', c = ''`; got != want {
		t.Errorf("setStatement = %s, want %s", got, want)
	}
	if got, want := useStatement("a`b\\"), "USE `a\\`b\\\\`"; got != want {
		t.Errorf("useStatement = %s, want %s", got, want)
	}
}
