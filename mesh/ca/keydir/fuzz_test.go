package keydir

import (
	"path/filepath"
	"testing"
	"time"
)

// FuzzParseRoot: any text is a root with a key that signs, or refused.
func FuzzParseRoot(f *testing.F) {
	d, err := Open(filepath.Join(f.TempDir(), "ca"))
	if err != nil {
		f.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Make("root.pem", "td", time.Now()); err != nil {
		f.Fatal(err)
	}
	good, err := d.Read("root.pem")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		root, err := parseRoot(text)
		if err == nil && (root.Key == nil || root.Key.Public() == nil || len(root.Chain) != 1) {
			t.Errorf("took %+v", root.Chain)
		}
	})
}
