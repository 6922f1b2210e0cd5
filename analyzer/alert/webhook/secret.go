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
	maxSecrets     = 4      // in a rotation
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

// Secrets are the keys of one receiver: the new one first, and while a rotation
// is under way those it may still check with.
type Secrets []Secret

// ReadSecrets reads a file that only its owner may read, with one secret on
// each line.
func ReadSecrets(path string) (Secrets, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading signing secret: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("reading signing secret file=%s: its mode is %04o, others may read it; chmod 600 it", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading signing secret: %w", err)
	}
	var list Secrets
	for line := range strings.FieldsSeq(string(text)) {
		s, err := ParseSecret(line)
		if err != nil {
			return nil, fmt.Errorf("reading signing secret file=%s: %w", path, err)
		}
		list = append(list, s)
	}
	switch {
	case len(list) == 0:
		return nil, fmt.Errorf("reading signing secret file=%s: it is empty", path)
	case len(list) > maxSecrets:
		return nil, fmt.Errorf("reading signing secret file=%s: %d secrets, at most %d may be in use", path, len(list), maxSecrets)
	}
	return list, nil
}

// String hides the key.
func (s Secret) String() string { return prefix + "…" }

// GoString hides the key.
func (s Secret) GoString() string { return s.String() }
