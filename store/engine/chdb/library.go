package chdb

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ebitengine/purego"
)

// Series is the release series of libchdb whose C interface this package speaks.
const Series = "26.7."

// ErrLibrary marks an error of Load: the library is missing, is no libchdb, or
// is one of another release series.
var ErrLibrary = errors.New("unusable libchdb")

// Library is libchdb, mapped into this process. It cannot be unloaded.
type Library struct {
	c symbols
}

// Load maps the shared library at path and checks its version. It turns off
// libchdb's own signal handlers, which would replace those of the Go runtime.
func Load(path string) (*Library, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLibrary, err)
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("%w: loading %s: %w", ErrLibrary, path, err)
	}
	lib := &Library{}
	if err := lib.c.bind(handle); err != nil {
		return nil, fmt.Errorf("%w: %s is not libchdb %sx: %w", ErrLibrary, path, Series, err)
	}
	if v := lib.Version(); !strings.HasPrefix(v, Series) {
		return nil, fmt.Errorf("%w: %s is libchdb %s, want %sx", ErrLibrary, path, v, Series)
	}
	lib.c.setSignalHandlersEnabled(0)
	return lib, nil
}

// Version returns the version of the library, such as "26.7.3".
func (l *Library) Version() string {
	return goString(l.c.version())
}
