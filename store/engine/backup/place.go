package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// manifestSuffix is what the name of a manifest adds to that of its backup.
const manifestSuffix = ".json"

// NewName makes a name for a backup taken now: plimsoll-20261124-164805.tar.
func NewName(database string, now time.Time) string {
	return database + now.UTC().Format("-20060102-150405") + ".tar"
}

// relativeName turns what a user typed, a name or a path within dir, into a name
// relative to dir, and refuses forms that the engine cannot write.
func relativeName(dir, typed string) (string, error) {
	name := typed
	if filepath.IsAbs(typed) {
		var err error
		if name, err = filepath.Rel(dir, typed); err != nil {
			return "", fmt.Errorf("backup %s: %w", typed, err)
		}
	}
	name = filepath.Clean(name)
	if !filepath.IsLocal(name) || name == "." {
		return "", fmt.Errorf("backup %s is not within %s: the engine may write there only; choose another with --backups when starting it", typed, dir)
	}
	return name, checkForm(name)
}

// checkForm refuses endings that are no form of a backup.
func checkForm(name string) error {
	base := filepath.Base(name)
	for _, ending := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst"} {
		if strings.HasSuffix(base, ending) && base != ending {
			return nil
		}
	}
	switch ext := filepath.Ext(base); {
	case ext == ".zip" || ext == ".zipx":
		return fmt.Errorf("backup %s: this build of ClickHouse has no zip; end the name in .tar, .tar.gz or .tar.zst, or in nothing for a directory", name)
	case strings.Contains(base, "."):
		return fmt.Errorf("backup %s: %s is no form of a backup; end the name in .tar, .tar.gz or .tar.zst, or in nothing for a directory", name, ext)
	}
	return nil
}

// exists reports a backup at its place; a missing one is an error that says so.
func exists(dir, name string) error {
	_, err := os.Stat(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no backup %s in %s", name, dir)
	}
	if err != nil {
		return fmt.Errorf("looking for backup %s: %w", name, err)
	}
	return nil
}

// absent refuses a name that is taken.
func absent(dir, name string) error {
	for _, path := range []string{name, name + manifestSuffix} {
		switch _, err := os.Lstat(filepath.Join(dir, path)); {
		case err == nil:
			return fmt.Errorf("%s exists in %s: choose another name, or remove it", path, dir)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("looking for backup %s: %w", name, err)
		}
	}
	return nil
}

// remove takes away what a failed backup left, and the engine's lock on it.
func remove(dir, name string) error {
	return errors.Join(os.RemoveAll(filepath.Join(dir, name)), os.RemoveAll(filepath.Join(dir, name+".lock")))
}

// restrict closes a backup to other users; the engine writes it for all to read.
func restrict(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("looking for what the engine wrote: %w", err)
	}
	mode := fs.FileMode(0o600)
	if info.IsDir() {
		mode = 0o700
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("closing the backup to other users: %w", err)
	}
	return nil
}

// sizeOf is the size of a file, or of all files in a directory, in bytes. What
// vanishes meanwhile counts nothing.
func sizeOf(path string) int64 {
	var total int64
	_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // gone, or not there yet
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}
