package chdb

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// symbols are the functions of chdb.h that this package calls. Handles of
// results and insert streams are opaque and kept as uintptr, because they point
// outside of the Go heap.
type symbols struct {
	setSignalHandlersEnabled func(enabled int32)
	version                  func() unsafe.Pointer
	connect                  func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	closeConn                func(conn unsafe.Pointer)

	classify    func(conn, sql unsafe.Pointer, sqlLen uintptr, database unsafe.Pointer, databaseLen uintptr, out unsafe.Pointer) int32
	query       boundCall
	streamQuery boundCall
	streamFetch func(conn unsafe.Pointer, result uintptr) uintptr
	streamStop  func(conn unsafe.Pointer, result uintptr)

	insert       boundCall
	insertAppend func(stream uintptr, data unsafe.Pointer, length uintptr) int32
	insertDone   func(stream uintptr) uintptr
	insertCancel func(stream uintptr)
	insertError  func(stream uintptr) unsafe.Pointer
	insertFree   func(stream uintptr)

	resultFree         func(result uintptr)
	resultBuffer       func(result uintptr) unsafe.Pointer
	resultLength       func(result uintptr) uintptr
	resultError        func(result uintptr) unsafe.Pointer
	resultRowsRead     func(result uintptr) uint64
	resultBytesRead    func(result uintptr) uint64
	storageRowsRead    func(result uintptr) uint64
	storageBytesRead   func(result uintptr) uint64
	resultRowsWritten  func(result uintptr) uint64
	resultBytesWritten func(result uintptr) uint64
}

// boundCall is the shape of every chdb_*_with_params_n function: a statement, an
// output or input format, and parallel arrays of parameter names and values.
type boundCall func(conn, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr,
	names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr

func (s *symbols) table() map[string]any {
	return map[string]any{
		"chdb_set_signal_handlers_enabled": &s.setSignalHandlersEnabled,
		"chdb_version":                     &s.version,
		"chdb_connect":                     &s.connect,
		"chdb_close_conn":                  &s.closeConn,
		"chdb_classify_query_n":            &s.classify,
		"chdb_query_with_params_n":         &s.query,
		"chdb_stream_query_with_params_n":  &s.streamQuery,
		"chdb_stream_fetch_result":         &s.streamFetch,
		"chdb_stream_cancel_query":         &s.streamStop,
		"chdb_stream_insert_with_params_n": &s.insert,
		"chdb_stream_append":               &s.insertAppend,
		"chdb_stream_done":                 &s.insertDone,
		"chdb_stream_cancel_insert":        &s.insertCancel,
		"chdb_stream_insert_error":         &s.insertError,
		"chdb_destroy_insert_stream":       &s.insertFree,
		"chdb_destroy_query_result":        &s.resultFree,
		"chdb_result_buffer":               &s.resultBuffer,
		"chdb_result_length":               &s.resultLength,
		"chdb_result_error":                &s.resultError,
		"chdb_result_rows_read":            &s.resultRowsRead,
		"chdb_result_bytes_read":           &s.resultBytesRead,
		"chdb_result_storage_rows_read":    &s.storageRowsRead,
		"chdb_result_storage_bytes_read":   &s.storageBytesRead,
		"chdb_result_rows_written":         &s.resultRowsWritten,
		"chdb_result_bytes_written":        &s.resultBytesWritten,
	}
}

// bind fills s from the library behind handle. A missing symbol is an error
// rather than the panic of purego.RegisterLibFunc.
func (s *symbols) bind(handle uintptr) error {
	for name, fn := range s.table() {
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			return fmt.Errorf("symbol %s is missing", name)
		}
		purego.RegisterFunc(fn, address)
	}
	return nil
}
