// Package backup backs a running engine up, and restores what was backed up.
//
// The engine does the work, by BACKUP and RESTORE over its socket; this package
// decides what, checks it, and keeps a manifest beside each backup:
//
//	place.go     names and forms of backups
//	client.go    statements over the engine's socket
//	create.go    Create: back up, then prove that it restores
//	restore.go   Restore: stage, compare, then change places
//	stage.go     a backup restored into a database of its own
//	lock.go      one at a time
//	settle.go    wait for what was interrupted
//	sum.go       rows and hash of each table
//	checksum.go  whether the bytes are still those that were written
//	manifest.go  what a backup holds, as NAME.json beside it
//	progress.go  how far a statement is
//
// A restore never touches the database before the whole backup has been restored
// beside it and compared with its manifest. Then the two change places, and the
// old one is brought back if anything fails.
package backup
