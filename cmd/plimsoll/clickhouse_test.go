package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// runCommand runs "plimsoll clickhouse args…" and returns its standard error.
func runCommand(ctx context.Context, args ...string) (stderr string, err error) {
	cmd := newClickhouseCommand()
	var out bytes.Buffer
	cmd.SetErr(&out)
	cmd.SetOut(&out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(ctx)
	return out.String(), err
}

func TestByteSizeReadsUnits(t *testing.T) {
	for text, want := range map[string]int64{
		"1":       1,
		"4096":    4096,
		"1KiB":    1 << 10,
		"512MiB":  512 << 20,
		"2GiB":    2 << 30,
		"1536MiB": 1536 << 20,
	} {
		var b byteSize
		if err := b.Set(text); err != nil || int64(b) != want {
			t.Errorf("Set(%q) = %d, %v, want %d", text, b, err, want)
		}
	}
}

func TestByteSizeRefuses(t *testing.T) {
	for _, text := range []string{"", "GiB", "-1", "0", "1.5GiB", "1GB", "1 GiB", "9223372036854775807GiB", "0x10"} {
		var b byteSize
		err := b.Set(text)
		if err == nil {
			t.Errorf("Set(%q) = %d, want an error", text, b)
			continue
		}
		if !strings.Contains(err.Error(), "512MiB") {
			t.Errorf("Set(%q): %v, want an error that shows how to write it", text, err)
		}
	}
}

func TestByteSizePrintsWhatItReads(t *testing.T) {
	for _, text := range []string{"1", "1000", "1KiB", "1536MiB", "3GiB"} {
		var b byteSize
		if err := b.Set(text); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != text {
			t.Errorf("String after Set(%q) = %q", text, got)
		}
	}
}

func TestClickhouseRunRefuses(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name     string
		args     []string
		code     int
		contains string
	}{
		{"no data directory", []string{"run"}, exitUsage, "--data"},
		{
			"named library is missing",
			[]string{"run", "--data", dir, "--library", "/nowhere/libchdb.so"},
			exitUnavailable, "libchdb.so not found at /nowhere/libchdb.so: run `make tools`, or name one with --library",
		},
		{"no memory", []string{"run", "--data", dir, "--memory", "1"}, exitFailure, "memory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "no memory" {
				t.Setenv(engine.LibraryEnv, enginetest.Library(t))
			}
			_, err := runCommand(t.Context(), tt.args...)
			if err == nil || !strings.Contains(err.Error(), tt.contains) {
				t.Fatalf("error = %v, want one with %q", err, tt.contains)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error has several lines: %q", err)
			}
			if got := exitCode(err); got != tt.code {
				t.Errorf("exit code = %d, want %d", got, tt.code)
			}
		})
	}
}

func TestClickhouseServeIsNotForPeople(t *testing.T) {
	_, err := runCommand(t.Context(), "serve")
	if err == nil || !strings.Contains(err.Error(), "plimsoll clickhouse run") {
		t.Errorf("error = %v, want the command to use instead", err)
	}
	for _, sub := range newClickhouseCommand().Commands() {
		if sub.Name() == "serve" && !sub.Hidden {
			t.Error("serve is listed in the help")
		}
	}
}

func TestClickhouseRunServesUntilItsContextEnds(t *testing.T) {
	t.Setenv(engine.LibraryEnv, enginetest.Library(t))
	dir := enginetest.Dir(t)
	socket := filepath.Join(dir, "other.sock")
	ctx, cancel := context.WithCancel(t.Context())
	type result struct {
		stderr string
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		stderr, err := runCommand(ctx, "run", "--data", dir, "--socket", socket, "--memory", "512MiB")
		ended <- result{stderr, err}
	}()
	waitForSocket(t, socket, ended)
	if got := enginetest.Post(t, socket, "SELECT 6 * 7", ""); strings.TrimSpace(got.Body) != "42" {
		t.Errorf("answer = %d %q, want 42", got.Status, got.Body)
	}

	if _, err := runCommand(t.Context(), "run", "--data", dir); exitCode(err) != exitUnavailable || !errors.Is(err, engine.ErrInUse) {
		t.Errorf("second engine on the directory: %v (exit %d), want it refused", err, exitCode(err))
	}

	cancel()
	if r := <-ended; r.err != nil || !strings.Contains(r.stderr, "engine serves") {
		t.Errorf("run ended with %v and wrote %q", r.err, r.stderr)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("socket after the end: %v, want none", err)
	}
}

// waitForSocket waits until something answers a ping at socket.
func waitForSocket[T any](t *testing.T, socket string, ended <-chan T) {
	t.Helper()
	client := enginetest.Client(t, socket)
	deadline := time.After(time.Minute)
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://engine/ping", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
			return
		}
		select {
		case r := <-ended:
			t.Fatalf("ended early: %v", r)
		case <-deadline:
			t.Fatal("no answer within a minute")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
