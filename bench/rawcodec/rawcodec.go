// Package rawcodec passes gRPC messages on as they are: bytes in, bytes out.
package rawcodec

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// Codec sends a []byte and receives into a *[]byte, which it makes anew.
type Codec struct{}

var _ encoding.CodecV2 = Codec{}

// Name returns the name of the codec it stands in for.
func (Codec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

// Unmarshal implements encoding.CodecV2.
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
