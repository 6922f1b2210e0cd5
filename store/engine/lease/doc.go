// Package lease keeps values by name between requests: those of ClickHouse's
// session_id. A value has one holder at a time, and ends when nobody took it for
// the time its last holder set.
package lease
