package handler

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tokenBytes is the entropy of a token that we make.
const tokenBytes = 32

// minTokenLength is the least number of characters of a token that a person put
// into the file.
const minTokenLength = 16

// Tokens knows the callers' tokens, as hashes.
type Tokens struct {
	viewer, operator [sha256.Size]byte
}

// LoadTokens reads viewer.token and operator.token from dir, making those that
// are not there. A file that others than its owner may read is refused.
func LoadTokens(dir string) (*Tokens, error) {
	viewer, err := loadToken(filepath.Join(dir, "viewer.token"))
	if err != nil {
		return nil, err
	}
	operator, err := loadToken(filepath.Join(dir, "operator.token"))
	if err != nil {
		return nil, err
	}
	if viewer == operator {
		return nil, fmt.Errorf("%s: viewer.token and operator.token hold the same token; remove one of the files to have a new one made", dir)
	}
	return &Tokens{viewer: sha256.Sum256([]byte(viewer)), operator: sha256.Sum256([]byte(operator))}, nil
}

// Role returns the role of a token, RoleNone for one that is not known. It
// compares hashes of equal length in constant time.
func (t *Tokens) Role(token string) Role {
	sum := sha256.Sum256([]byte(token))
	operator := subtle.ConstantTimeCompare(sum[:], t.operator[:])
	viewer := subtle.ConstantTimeCompare(sum[:], t.viewer[:])
	switch {
	case operator == 1:
		return RoleOperator
	case viewer == 1:
		return RoleViewer
	}
	return RoleNone
}

func loadToken(path string) (string, error) {
	token, err := readToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	if err := makeToken(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("making a token: %w", err)
	}
	return readToken(path)
}

func readToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("reading a token: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return "", fmt.Errorf("token file %s has mode %04o, so others can use it: run chmod 600 on it, or remove it to have a new one made", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading a token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < minTokenLength {
		return "", fmt.Errorf("token file %s holds %d characters, fewer than %d: remove it to have a new one made", path, len(token), minTokenLength)
	}
	return token, nil
}

// makeToken writes a new token to a file that must not exist yet. The file
// appears whole or not at all.
func makeToken(path string) error {
	raw := make([]byte, tokenBytes)
	rand.Read(raw)                                          // never fails: it ends the program where the system has no entropy
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	return errors.Join(err, os.Remove(f.Name()))
}
