package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListenUnixIsForThisUserOnly(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	listener, err := listenUnix(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode())
	}
	if _, err := listenUnix(t.Context(), path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("second listener: %v, want it refused", err)
	}
	listener.SetUnlinkOnClose(false) // as a killed process leaves it
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := listenUnix(t.Context(), path)
	if err != nil {
		t.Fatalf("listening over a stale socket: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestListenUnixRefuses(t *testing.T) {
	dir := shortDir(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file: "is no socket",
		filepath.Join(dir, strings.Repeat("x", 100)): "name a shorter one",
		filepath.Join(dir, "missing", "x"):           "no such file",
	} {
		if _, err := listenUnix(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file at the socket's path holds %q, %v", text, err)
	}
}

func TestKeyIsMadeOnceAndGuarded(t *testing.T) {
	dir := t.TempDir()
	read := func() string {
		t.Helper()
		file, err := openKey(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		first, err := readKey(file)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := readKey(file); err != nil || second != first {
			t.Errorf("read again: %q, %v, want %q", second, err, first)
		}
		return first
	}
	key := read()
	if len(key) != 2*keyBytes || read() != key {
		t.Errorf("key = %q, then %q", key, read())
	}
	path := filepath.Join(dir, "engine.key")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := openKey(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("open key file: %v, want it refused with the remedy", err)
	}
}

func TestReadKeyRefusesAShortOne(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "engine.key"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := openKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := readKey(file); err == nil || !strings.Contains(err.Error(), "remove it") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error = %v, want the remedy without the key", err)
	}
}

// shortDir is a directory whose sockets have short names, however long the
// test's own name is.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
