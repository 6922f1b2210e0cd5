// Package httpd is ClickHouse's HTTP interface over the embedded engine, as far
// as clickhouse-go/v2 and curl use it.
//
// The way of a request, file by file:
//
//	handler.go    ServeHTTP: routes, response headers, one place for errors
//	auth.go       key, Host and Origin, for listeners that others can reach
//	request.go    URL and headers → request
//	settings.go   which URL names are settings, parameters or the interface's own
//	external.go   tables in the parts of a multipart body
//	decode.go     request body: Content-Encoding (encoding.go), ClickHouse frames
//	              (frames.go)
//	statement.go  the statement out of query= and body, and the data after it
//	execute.go    watch for a gone client, dispatch to select.go, insert.go or
//	              hello.go
//	session.go    connection from the pool, or that of a session_id
//	output.go     response body: frames, buffer (spool.go), commit of the status,
//	              encoding
//	exception.go  exceptions before and after the status is out; status.go
//	format.go     content types, and which formats may be streamed
//
// What differs from a ClickHouse server: the protocol revision is always 0, so
// results are plain Native blocks; query_id is echoed but names nothing; there
// are no progress headers. Within a session_id a GET may read, and nothing else.
// Formats with a header or footer (JSON, Parquet, *WithNames) are built whole
// before the first byte is sent: format.go lists those that stream. As on a server, one insert is atomic per part: a
// body beyond min_insert_block_size_rows (about a million) makes several.
package httpd
