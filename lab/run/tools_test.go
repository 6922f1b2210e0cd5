package run

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "envoy")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEnvoyVersion(t *testing.T) {
	for name, tc := range map[string]struct{ path, version, err string }{
		"release":    {program(t, `echo; echo "/x/envoy  version: 9e558093/1.40.0/Clean/RELEASE/BoringSSL"; echo`), "1.40.0", ""},
		"own build":  {program(t, `echo "envoy  version: 0/1.41.0-dev/Modified/DEBUG/BoringSSL"`), "1.41.0-dev", ""},
		"no Envoy":   {program(t, `echo version: none`), "", `does not say that it is Envoy but "version: none"; name one with --envoy or $` + EnvoyEnv},
		"no library": {program(t, `echo "libz.so: cannot open" >&2; exit 127`), "", "does not run on this machine (exit status 127) libz.so: cannot open; name an Envoy that does"},
		"talks much": {program(t, `yes | head -c 100000`), "", "does not say that it is Envoy"},
		"not there":  {"/none/envoy", "", "does not run on this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := envoyVersion(t.Context(), tc.path)
			if got != tc.version || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("version %q, error %v", got, err)
			}
			if err != nil && len(err.Error()) > 700 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestEnvoyVersionStops(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := envoyVersion(ctx, program(t, "exec sleep 1000")); err == nil {
		t.Error("an Envoy that never answers has a version")
	}
}
