package httpd

import "testing"

// Encodings and Encode let tests of the whole speak every content encoding.
func Encodings() []string { return encodings() }

func Encode(t testing.TB, encoding string, plain []byte) []byte { return encoded(t, encoding, plain) }
