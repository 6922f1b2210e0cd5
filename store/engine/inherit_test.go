package engine

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func inheritConfig(t *testing.T, listen string) Config {
	t.Helper()
	dir := shortDir(t)
	return Config{DataDir: dir, Socket: filepath.Join(dir, "s"), Listen: listen}
}

func TestInheritOpensFilesInTheirOrder(t *testing.T) {
	config := inheritConfig(t, "127.0.0.1:0")
	in, err := inherit(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer in.closeAll()
	if len(in.files) != fdKey-fdLock+1 || in.address == nil {
		t.Fatalf("%d files, address %v", len(in.files), in.address)
	}
	lock, err := in.files[0].Stat()
	if err != nil {
		t.Fatal(err)
	}
	if named, err := os.Stat(filepath.Join(config.DataDir, "engine.lock")); err != nil || !os.SameFile(lock, named) {
		t.Errorf("first file is not the lock: %v", err)
	}
	for i, want := range map[int]string{fdUnix - fdLock: "unix", fdTCP - fdLock: "tcp"} {
		listener, err := net.FileListener(in.files[i])
		if err != nil {
			t.Fatal(err)
		}
		if got := listener.Addr().Network(); got != want {
			t.Errorf("file %d listens on %s, want %s", i, got, want)
		}
		listener.Close()
	}
	if key, err := readKey(in.files[fdKey-fdLock]); err != nil || len(key) != 2*keyBytes {
		t.Errorf("last file is not the key: %q, %v", key, err)
	}
}

func TestInheritWithoutTCP(t *testing.T) {
	config := inheritConfig(t, "")
	in, err := inherit(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.files) != 2 || in.address != nil {
		t.Errorf("%d files, address %v, want lock and unix socket", len(in.files), in.address)
	}
	if err := in.closeAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(config.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("socket after closing: %v, want none", err)
	}
	if _, err := os.Stat(keyFile(config.DataDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("key file: %v, want none", err)
	}
}

func TestInheritLeavesNothingOpenOnAnError(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	config := inheritConfig(t, busy.Addr().String())
	if _, err := inherit(t.Context(), config); err == nil {
		t.Fatal("a busy port was opened")
	}
	config.Listen = ""
	in, err := inherit(t.Context(), config) // needs lock and socket to be free again
	if err != nil {
		t.Fatal(err)
	}
	if err := in.closeAll(); err != nil {
		t.Error(err)
	}
}
