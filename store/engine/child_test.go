package engine

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSpecGoesThroughTheEnvironment(t *testing.T) {
	want := spec{DataDir: `/a "b"`, Library: "/l.so", Memory: 1 << 40, TCP: true, Supervisor: 7, Confined: true}
	env, err := want.env()
	if err != nil {
		t.Fatal(err)
	}
	if len(env) != 2 || env[0] != "TZ=UTC" {
		t.Fatalf("environment = %q, want TZ and the spec alone", env)
	}
	name, value, _ := strings.Cut(env[1], "=")
	t.Setenv(name, value)
	got, err := specFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

func TestSpecFromEnvRefuses(t *testing.T) {
	for value, want := range map[string]string{"": "plimsoll clickhouse run", "{": "decoding engine spec"} {
		t.Setenv(specEnv, value)
		if _, err := specFromEnv(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("spec %q: %v, want %q", value, err, want)
		}
	}
}

// script starts a shell in place of an engine.
func script(t *testing.T, text string) (*child, *childLog) {
	t.Helper()
	log := newChildLog(slog.New(slog.DiscardHandler), time.Now)
	c, err := startChild([]string{"/bin/sh", "-c", text}, spec{DataDir: t.TempDir()}, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.kill()
		<-c.exited
	})
	return c, log
}

func TestChildSeesNothingOfTheEnvironment(t *testing.T) {
	t.Setenv("SECRET", "s3cr3t")
	c, log := script(t, "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=")
	<-c.exited
	if got := log.lastLines(); strings.Contains(got, "s3cr3t") || !strings.Contains(got, "TZ=UTC") || strings.Count(got, ";") > 1 {
		t.Errorf("environment of the child: %s", got)
	}
}

func TestStartChildNamesWhatIsMissing(t *testing.T) {
	_, err := startChild([]string{"/nowhere/plimsoll"}, spec{DataDir: t.TempDir()}, nil, os.Stderr)
	if err == nil || !strings.Contains(err.Error(), "/nowhere/plimsoll") {
		t.Errorf("error = %v", err)
	}
}

func TestStopKillsAChildThatDoesNotListen(t *testing.T) {
	c, log := script(t, `trap "" TERM; echo ready; while :; do sleep 0.01; done`)
	for !strings.Contains(log.lastLines(), "ready") {
		time.Sleep(time.Millisecond) // a pipe gives no event to wait on here
	}
	var out strings.Builder
	c.stop(time.Millisecond, slog.New(slog.NewTextHandler(&out, nil)))
	if c.err == nil || !strings.Contains(c.err.Error(), "killed") {
		t.Errorf("child ended with %v, want killed", c.err)
	}
	if !strings.Contains(out.String(), "did not stop in time") {
		t.Errorf("log = %q", out.String())
	}
}
