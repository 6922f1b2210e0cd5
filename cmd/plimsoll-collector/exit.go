package main

import "errors"

// Exit codes, the same as those of plimsoll.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 64 // the command line is wrong
	exitBadData     = 65 // a file that was given is wrong
	exitUnavailable = 69 // an address is taken, a directory is not writable, …
)

// exitError carries the exit code of an error to main.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// withExit gives err an exit code; nil stays nil.
func withExit(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code: code, err: err}
}

// exitCode returns the code of the outermost exitError in err, 1 for any other
// error.
func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	}
	return exitFailure
}
