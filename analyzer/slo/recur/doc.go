// Package recur reads recurrence rules of RFC 5545 (RRULE), as far as
// maintenance windows need them, and lists when they recur.
//
// Supported are FREQ=DAILY, WEEKLY, MONTHLY and YEARLY with INTERVAL, COUNT,
// UNTIL, BYDAY (with ordinals such as -1SU under MONTHLY) and BYMONTHDAY; every
// other part is refused by name. Times recur by the calendar of the start's
// zone, so that 02:00 stays 02:00 when the clocks change. It is our own because
// the libraries for it have had no release for years.
package recur
