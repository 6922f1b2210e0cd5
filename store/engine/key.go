package engine

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// keyBytes is the length of a generated key; the file holds it in hex.
const keyBytes = 16

func keyFile(dir string) string { return filepath.Join(dir, "engine.key") }

// openKey opens engine.key in dir for reading, making it on the first start.
func openKey(dir string) (*os.File, error) {
	path := keyFile(dir)
	if err := createKey(path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("creating key: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening key: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("key file %s is open to other users: run chmod 600", path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func createKey(path string) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	_, err = file.WriteString(hex.EncodeToString(key) + "\n")
	return err
}

// readKey reads a key from its open file, from the start: the offset is shared
// with earlier children.
func readKey(file *os.File) (string, error) {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 4096))
	if err != nil {
		return "", fmt.Errorf("reading key: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if len(key) < 2*keyBytes {
		return "", fmt.Errorf("key file holds %d characters, want at least %d: remove it to get a new one", len(key), 2*keyBytes)
	}
	return key, nil
}
