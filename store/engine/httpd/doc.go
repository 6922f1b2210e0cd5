// Package httpd is ClickHouse's HTTP interface over the embedded engine, as far
// as clickhouse-go/v2 and curl use it.
//
// The way of a request, file by file:
//
//	handler.go    ServeHTTP: routes, response headers, one place for errors
//	auth.go       key, Host and Origin, for listeners that others can reach
//	request.go    URL and headers → request
//	settings.go   which URL names are settings, parameters or the interface's own
//	decode.go     request body: Content-Encoding, ClickHouse frames (frames.go)
//	statement.go  the statement out of query= and body, and the data after it
//	execute.go    connection from the pool, watch for a gone client, dispatch to
//	              select.go, insert.go or hello.go
//	output.go     response body: frames, buffer, commit of the status, gzip
//	exception.go  exceptions before and after the status is out; status.go
//	format.go     content types, and which formats may be streamed
//
// What differs from a ClickHouse server: the protocol revision is always 0, so
// results are plain Native blocks; query_id is echoed but names nothing; there
// are no progress headers; sessions and external tables are refused by name
// (request.go). JSON, Parquet and other formats with a footer are built whole
// before the first byte is sent. As on a server, one insert is atomic per part: a
// body beyond min_insert_block_size_rows (about a million) makes several.
package httpd
