// Package wire reads Envoy's gRPC access log messages from their protobuf
// bytes, without generated code and without an allocation per entry.
//
// A Cursor walks over one envoy.service.accesslog.v3.StreamAccessLogsMessage
// and yields its entries as byte ranges; Entry.Decode and TCPEntry.Decode read
// one of them into a flat struct; Node.Decode reads the identifier that opens
// each stream. All strings are borrowed from the message: they are valid as long
// as its bytes are, and whoever keeps one clones it.
//
// Semantics are those of the generated decoder, held to it by a fuzz test:
// the last of a repeated scalar wins, sub-messages merge, a field with an
// unexpected wire type and an unknown field are skipped. Only the fields that
// the structs list are read; what lies in the others is stepped over, unread, and
// need not even be UTF-8. What has no oracle (Istio's peer objects as FlatBuffers)
// is bounded by tests of its own, and makes no entry malformed.
//
// Field numbers: envoy/data/accesslog/v3/accesslog.proto and
// envoy/service/accesslog/v3/als.proto of Envoy 1.40.
package wire
