package main

import (
	"errors"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Exit codes, after sysexits(3) where it has one.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 64 // the command line is wrong
	exitBadData     = 65 // a file that was given is wrong
	exitUnavailable = 69 // a service or tool that is needed is not there
	exitNotEnough   = 75 // too few rows to judge yet
	exitFindings    = 79 // it ran, and found what it was asked to look for
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

// startExit is the exit code of something that could not run: bad data when a
// file that it was given is wrong, else unavailable.
func startExit(err error) int {
	var list yamlfile.Errors
	var one *yamlfile.Error
	if errors.As(err, &list) || errors.As(err, &one) {
		return exitBadData
	}
	return exitUnavailable
}
