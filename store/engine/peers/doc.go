// Package peers runs the test suites of other ClickHouse clients against the
// embedded engine. It has no code of its own.
//
// The suite of clickhouse-go is taken from the module cache in the version that
// go.mod names and copied to a temporary directory. One line of the copy is
// changed: every connection speaks HTTP, which is all that the engine speaks. The
// run takes minutes and fetches the suite's own dependencies, so it needs the
// variable PLIMSOLL_PEERS:
//
//	PLIMSOLL_PEERS=1 go test -timeout 30m -v ./store/engine/peers
//
// testdata lists each test that fails, with the reason. A test that fails and is
// not listed is an error, and so is one that is listed and passes.
package peers
