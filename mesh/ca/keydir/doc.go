// Package keydir keeps what an authority must not lose and nobody else may see:
// a directory that only its owner can open, held by one process, whose files are
// replaced whole and are on disk when a write returns.
//
//	<dir>/lock          held while the directory is open
//	<dir>/<root>.pem    a root: certificate and PKCS #8 key in one file, so that
//	                    no crash leaves a pair that does not match
//
// and the state of packages rotation and join. Read dir.go, then root.go.
package keydir
