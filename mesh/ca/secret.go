package ca

import (
	"fmt"
	"log/slog"
)

// redacted stands for a secret wherever something prints it.
const redacted = "[redacted]"

// Secret is a private key or a token. Whatever prints, encodes or logs it gets
// "[redacted]"; only Reveal returns it.
type Secret struct{ text []byte }

// NewSecret wraps the text, which the caller no longer changes.
func NewSecret(text []byte) Secret { return Secret{text} }

// Reveal returns the secret; the caller must not change it.
func (s Secret) Reveal() []byte { return s.text }

// Format implements fmt.Formatter, for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
