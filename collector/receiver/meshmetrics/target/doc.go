// Package target says what is scraped: targets as a user writes them, in the
// collector's configuration or in files that come and go while it runs, and the
// addresses that they stand for.
package target
