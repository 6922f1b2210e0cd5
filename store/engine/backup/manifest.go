package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Manifest is what is known of a backup.
type Manifest struct {
	Name     string    `json:"name"`           // relative to the backup directory
	Base     string    `json:"base,omitempty"` // the backup that this one adds to
	Created  time.Time `json:"created"`
	Database string    `json:"database"`
	Engine   string    `json:"engine"` // version of ClickHouse
	// Tables is empty when the backup was not verified.
	Tables []Table `json:"tables,omitempty"`
	// Bytes is the size of this backup without its base.
	Bytes int64 `json:"bytes"`
	// Checksum is the SHA-256 of the backup, see checksum.go.
	Checksum string `json:"checksum,omitempty"`
}

// Table is the content of one table.
type Table struct {
	Name string `json:"name"`
	Rows uint64 `json:"rows"` // after merging, where the engine merges rows
	Hash string `json:"hash"` // sum of the rows' hashes, so the order of rows is no matter
}

// Verified reports that the backup was restored once and its tables counted.
func (m Manifest) Verified() bool { return len(m.Tables) > 0 }

// Rows is the number of rows in all tables.
func (m Manifest) Rows() (n uint64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// compare says which tables differ between a manifest and what is there.
func (m Manifest) compare(found []Table) error {
	byName := map[string]Table{}
	for _, t := range found {
		byName[t.Name] = t
	}
	var errs []error
	for _, want := range m.Tables {
		got, ok := byName[want.Name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("table %s is missing", want.Name))
		case got.Rows != want.Rows:
			errs = append(errs, fmt.Errorf("table %s has %d rows, not %d", want.Name, got.Rows, want.Rows))
		case got.Hash != want.Hash:
			errs = append(errs, fmt.Errorf("table %s has other rows than those that were backed up", want.Name))
		}
	}
	return errors.Join(errs...)
}

// write puts the manifest beside its backup.
func (m Manifest) write(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, m.Name+manifestSuffix)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	return nil
}

// readManifest returns fs.ErrNotExist for a backup without one.
func readManifest(dir, name string) (Manifest, error) {
	var m Manifest
	path := filepath.Join(dir, name+manifestSuffix)
	text, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("reading manifest: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("reading manifest %s: %w", path, err)
	}
	if m.Name = name; m.Base != "" {
		if _, err := relativeName(dir, m.Base); err != nil {
			return m, fmt.Errorf("reading manifest %s: base: %w", path, err)
		}
	}
	return m, nil
}

// Inspect returns the manifest of a backup, given by name or path, and those of
// the backups that it adds to, down to the full one. A base that is missing is an
// error: the backup cannot be restored without it.
func Inspect(dir, typed string) ([]Manifest, error) {
	name, err := relativeName(dir, typed)
	if err != nil {
		return nil, err
	}
	var chain []Manifest
	for seen := []string{}; name != ""; {
		if slices.Contains(seen, name) {
			return nil, fmt.Errorf("backup %s is its own base", name)
		}
		seen = append(seen, name)
		if err := exists(dir, name); err != nil {
			if len(chain) > 0 {
				return nil, fmt.Errorf("backup %s adds to another: %w", chain[len(chain)-1].Name, err)
			}
			return nil, err
		}
		m, err := readManifest(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			m, err = Manifest{Name: name, Bytes: sizeOf(filepath.Join(dir, name))}, nil
		}
		if err != nil {
			return nil, err
		}
		chain, name = append(chain, m), m.Base
	}
	return chain, nil
}

// List returns the manifests in dir, the oldest first. A directory that is not
// there holds none.
func List(dir string) ([]Manifest, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	var list []Manifest
	for _, entry := range entries {
		backup, found := strings.CutSuffix(entry.Name(), manifestSuffix)
		if !found {
			continue
		}
		m, err := readManifest(dir, backup)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Manifest) int { return a.Created.Compare(b.Created) })
	return list, nil
}
