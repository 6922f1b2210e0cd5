package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSLOTest(t *testing.T) {
	const good = "../../analyzer/slo/slotest/testdata/outage.yaml"
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, old, new string) string {
		changed := strings.Replace(string(text), old, new, 1)
		if changed == string(text) {
			t.Fatalf("%q is not in %s", old, good)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	wrong, broken := write("wrong.yaml", "sli: 0.923076923", "sli: 0.9"), write("broken.yaml", "100x60", "100y60")
	ok := "ok    " + good + ":3: a full outage of five minutes\n"
	for name, tc := range map[string]struct {
		files          []string
		code           int
		stdout, stderr string
	}{
		"good": {[]string{good}, exitOK, ok, ""},
		"a check differs": {[]string{good, wrong}, exitFindings, ok + "FAIL  " + wrong + ":3: a full outage of five minutes\n" +
			"      " + wrong + ":31: checks[2]: at 65m: sli: want 0.9 ± 1e-06, got 0.923076923 (500 bad of 6500)\n", "1 of 2 SLO tests failed"},
		"a file is wrong: nothing runs": {[]string{good, broken}, exitBadData, "", `series[0].good: "100y60" is not a number of events`},
		"no such file":                  {[]string{wrong + ".none"}, exitBadData, "", "no such file"},
		"no file":                       {nil, exitUsage, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := plimsoll(t.Context(), append([]string{"slo", "test"}, tc.files...)...)
			if got.code != tc.code || got.stdout != tc.stdout || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("want exit %d, stdout %q, stderr %q, got\n%s", tc.code, tc.stdout, tc.stderr, got)
			}
		})
	}
}

// TestSLOValidateLenient: slips are warnings with a name, on the error stream.
func TestSLOValidateLenient(t *testing.T) {
	text, err := os.ReadFile("../../lab/scenarios/bookinfo-slo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "slip.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "        counter: true\n", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := plimsoll(t.Context(), "slo", "validate", path); got.code != exitBadData {
		t.Errorf("strictly: %s", got)
	}
	got := plimsoll(t.Context(), "slo", "validate", "--lenient", path)
	if got.code != exitOK || !strings.Contains(got.stderr, "[counter-missing]") || !strings.Contains(got.stdout, "is a valid objective") {
		t.Errorf("leniently: %s", got)
	}
}
