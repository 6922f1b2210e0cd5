package enginetest_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

func TestStartGivesADSNThatAnswers(t *testing.T) {
	dsn, err := url.Parse(enginetest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	if dsn.Scheme != "unix" || dsn.Query().Get("database") != "plimsoll" {
		t.Errorf("dsn = %s, want unix:///…?database=plimsoll", dsn)
	}
	info, err := os.Stat(dsn.Path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode of socket = %o, want 600", got)
	}
	if got := enginetest.Post(t, dsn.Path, "SELECT currentDatabase()", "?database=plimsoll"); strings.TrimSpace(got.Body) != "plimsoll" {
		t.Errorf("current database = %q (status %d)", got.Body, got.Status)
	}
}
