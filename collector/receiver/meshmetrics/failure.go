package meshmetrics

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/page"
)

// reason says why a scrape failed.
type reason uint8

const (
	reasonUnreachable reason = iota
	reasonTimeout
	reasonStatus
	reasonToken
	reasonIdentity
	reasonContentType
	reasonSyntax
	reasonTruncated
	reasonTooLarge
	reasonTooMany
	reasonCrowded
	reasonCount
)

var reasonNames = [reasonCount]string{
	"unreachable", "timeout", "status", "token", "identity", "content_type", "syntax", "truncated", "too_large", "too_many_samples", "crowded",
}

// String returns the reason's name in metrics, such as "timeout".
func (r reason) String() string { return reasonNames[r] }

// errStatus is an answer other than 200.
type errStatus int

func (e errStatus) Error() string { return fmt.Sprintf("answered with status %d", int(e)) }

// Errors that are not of the network, nor of the page.
var (
	errToken    = errors.New("no token")
	errIdentity = errors.New("not what an Envoy says of itself")
	errCrowded  = errors.New("too many other targets are slow; raise concurrency, or take out those that hang")
)

// reasonOf sorts the error of a scrape.
func reasonOf(err error) reason {
	var status errStatus
	var network net.Error
	switch {
	case errors.As(err, &status):
		return reasonStatus
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return reasonTimeout
	}
	for _, known := range []struct {
		err    error
		reason reason
	}{
		{errToken, reasonToken},
		{errIdentity, reasonIdentity},
		{errCrowded, reasonCrowded},
		{page.ErrContentType, reasonContentType},
		{page.ErrTooLarge, reasonTooLarge},
		{page.ErrTooMany, reasonTooMany},
		{page.ErrTruncated, reasonTruncated},
		{page.ErrSyntax, reasonSyntax},
	} {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	return reasonUnreachable
}
