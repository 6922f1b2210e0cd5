package handler

import (
	"errors"
	"io"
	"net"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Codes of ClickHouse exceptions (ErrorCodes.cpp).
const (
	unknownTable    = 60
	unknownDatabase = 81
)

// blame tells the caller, in words that show nothing of where it is, that a
// call failed for the store's sake; "" if the cause lies elsewhere. Services
// return errors of the mesh as *connect.Error, so what is left of the network
// is the store.
func blame(err error) string {
	var network *net.OpError
	var exception *clickhouse.Exception
	switch {
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return `the store does not answer: "plimsoll doctor" says more`
	case errors.As(err, &exception) && (exception.Code == unknownTable || exception.Code == unknownDatabase):
		return "the store has no tables yet: start a collector on it"
	}
	return ""
}
