package keydir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxFile bounds what Read takes, in bytes.
const maxFile = 8 << 20

// Dir is an open directory of secrets.
type Dir struct {
	path string
	lock *os.File
}

// Open makes the directory (mode 0700) if it is missing and locks it. A
// directory that others can enter is refused, as is one that another process
// holds.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making directory of the authority: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening directory of the authority: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("opening directory of the authority: %s is a file", path)
	}
	if err := Private(path, info); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("locking %s: another process holds it: %w", path, err)
	}
	return &Dir{path: path, lock: lock}, nil
}

// Close lets other processes open the directory.
func (d *Dir) Close() error { return d.lock.Close() }

// Private refuses a file or directory that anybody but the owner may use, or
// that belongs to another user, and says what to do about it.
func Private(path string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		want := mode & 0o700
		return fmt.Errorf("%s has mode %04o, so others can use it; run: chmod %04o %s", path, mode, want, path)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d, not to %d who runs this", path, s.Uid, os.Geteuid())
	}
	return nil
}

// ReadPrivate reads a file that only its owner may read, of at most limit bytes.
func ReadPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened, not of what the name means now
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if err := Private(path, info); err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), limit)
	}
	text := make([]byte, info.Size())
	n, err := f.ReadAt(text, 0)
	if n < len(text) {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return text, nil
}

// Read returns a file's content; errors.Is(err, fs.ErrNotExist) if there is none.
func (d *Dir) Read(name string) ([]byte, error) { return ReadPrivate(d.Path(name), maxFile) }

// Path is that of a file in the directory.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Names lists the files that match a pattern of filepath.Match, sorted.
func (d *Dir) Names(pattern string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(d.path, pattern))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", d.path, err)
	}
	for i, p := range paths {
		paths[i] = filepath.Base(p)
	}
	return paths, nil
}

// Write replaces a file (mode 0600). When it returns nil the new content is on
// disk.
func (d *Dir) Write(name string, content []byte) error {
	f, err := os.CreateTemp(d.path, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.Path(name), err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), d.Path(name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", d.Path(name), err), os.Remove(f.Name()))
	}
	return d.sync()
}

// Remove deletes a file for good; one that is not there is no error.
func (d *Dir) Remove(name string) error {
	if err := os.Remove(d.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", d.Path(name), err)
	}
	return d.sync()
}

// sync makes renames and removals survive a crash.
func (d *Dir) sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
