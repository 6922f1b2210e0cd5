package relay

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// minSecret is the least length of a bearer token, in bytes.
const minSecret = 16

// Secret is a bearer token that no verb of fmt shows.
type Secret struct{ text string }

// ReadSecret reads a bearer token from a file that only its owner can open.
func ReadSecret(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading bearer token: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Secret{}, fmt.Errorf("reading bearer token %s: mode %04o lets others read it: chmod 600 it", path, mode)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading bearer token: %w", err)
	}
	text := strings.TrimSpace(string(data))
	if len(text) < minSecret || strings.ContainsAny(text, " \t\r\n") {
		return Secret{}, fmt.Errorf("reading bearer token %s: want one word of at least %d characters", path, minSecret)
	}
	return Secret{text}, nil
}

// String hides the token.
func (s Secret) String() string { return "[redacted]" }

// GoString hides the token.
func (s Secret) GoString() string { return "[redacted]" }

// Matches tells whether the request carries this token, in a time that says
// nothing of how much of it is right.
func (s Secret) Matches(r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.text))
	return ok && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (s Secret) write(h http.Header) {
	if s.text != "" {
		h.Set("Authorization", "Bearer "+s.text)
	}
}
