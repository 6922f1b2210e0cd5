package chdb

import (
	"runtime"
	"unsafe"
)

// Params are the values of a statement's {name:Type} parameters, in ClickHouse's
// text form. The engine binds them, so no quoting is needed.
type Params map[string]string

// boundParams holds Params in the shape of the C interface: parallel arrays of
// pointers and lengths. It must stay alive, and pinned, during the call.
type boundParams struct {
	names, values       []unsafe.Pointer
	nameLens, valueLens []uintptr
	pinner              runtime.Pinner
}

func bindParams(params Params) *boundParams {
	b := &boundParams{}
	for name, value := range params {
		b.names, b.nameLens = b.add(b.names, b.nameLens, name)
		b.values, b.valueLens = b.add(b.values, b.valueLens, value)
	}
	return b
}

func (b *boundParams) add(ptrs []unsafe.Pointer, lens []uintptr, s string) ([]unsafe.Pointer, []uintptr) {
	text := cString(s)
	b.pinner.Pin(&text[0])
	return append(ptrs, pointer(text)), append(lens, uintptr(len(s)))
}

// call runs fn with sql, format and the parameters, then releases them.
func (b *boundParams) call(fn boundCall, conn unsafe.Pointer, sql, format string) uintptr {
	defer b.pinner.Unpin()
	query, form := cString(sql), cString(format)
	handle := fn(conn, pointer(query), uintptr(len(sql)), pointer(form), uintptr(len(format)),
		unsafe.Pointer(unsafe.SliceData(b.names)), unsafe.Pointer(unsafe.SliceData(b.nameLens)),
		unsafe.Pointer(unsafe.SliceData(b.values)), unsafe.Pointer(unsafe.SliceData(b.valueLens)),
		uintptr(len(b.names)))
	runtime.KeepAlive(query)
	runtime.KeepAlive(form)
	runtime.KeepAlive(b)
	return handle
}
