package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	prefix         = "whsec_"
	minKey, maxKey = 24, 64 // bytes, by the specification
)

// Secret is a shared signing key. It prints as "whsec_…", never as itself.
type Secret struct {
	key []byte
}

// ParseSecret reads "whsec_" and the base64 of 24 to 64 random bytes.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return Secret{}, errors.New("a signing secret begins with whsec_")
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Secret{}, errors.New("what follows whsec_ is not base64") // the cause would quote the secret
	}
	if len(key) < minKey || len(key) > maxKey {
		return Secret{}, fmt.Errorf("a signing secret has %d to %d bytes, this one %d", minKey, maxKey, len(key))
	}
	return Secret{key}, nil
}

// ReadSecret reads a secret from a file that only its owner may read.
func ReadSecret(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading signing secret: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Secret{}, fmt.Errorf("reading signing secret file=%s: its mode is %04o, others may read it; chmod 600 it", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading signing secret: %w", err)
	}
	s, err := ParseSecret(strings.TrimSpace(string(text)))
	if err != nil {
		return Secret{}, fmt.Errorf("reading signing secret file=%s: %w", path, err)
	}
	return s, nil
}

// String hides the key.
func (s Secret) String() string { return prefix + "…" }

// GoString hides the key.
func (s Secret) GoString() string { return s.String() }
