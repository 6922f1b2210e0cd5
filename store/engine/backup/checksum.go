package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// checksum is the SHA-256 of a file, or of a directory: of the names and bytes of
// all its files, in the order of their names.
func checksum(path string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if relative, err := filepath.Rel(path, file); err == nil && relative != "." {
			fmt.Fprintf(sum, "%q\n", relative)
		}
		return addFile(sum, file)
	})
	if err != nil {
		return "", fmt.Errorf("reading backup %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func addFile(sum hash.Hash, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(sum, file)
	return err
}

// intact checks every backup of a chain against the checksum in its manifest.
func (b *Backups) intact(chain []Manifest) error {
	for _, m := range chain {
		if m.Checksum == "" {
			continue
		}
		b.step("reading " + m.Name)
		found, err := checksum(filepath.Join(b.Dir, m.Name))
		if err != nil {
			return err
		}
		if found != m.Checksum {
			return fmt.Errorf("backup %s %w: its bytes are not those that were written (%d bytes in %s, manifest of %s)",
				m.Name, ErrDamaged, sizeOf(filepath.Join(b.Dir, m.Name)), b.Dir, m.Created.Format("2006-01-02 15:04:05"))
		}
	}
	return nil
}
