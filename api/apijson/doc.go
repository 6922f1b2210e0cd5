// Package apijson writes the API's messages as the JSON that the command line
// and exported files promise: every field present and in the order of the
// proto file, under its proto name (snake_case), so that a reader never has to
// tell "absent" from "zero".
//
// It differs from protobuf's own JSON mapping where that one is hard on
// scripts: 64-bit integers are numbers, not strings; an absent message or
// optional field is null; an empty list is [] and an empty map {}; map keys are
// sorted. Timestamps are RFC 3339 in UTC, durations seconds with an "s"
// ("1.5s"), enums their names and bytes base64. The output is the same for
// equal messages.
package apijson
