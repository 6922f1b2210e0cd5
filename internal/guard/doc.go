// Package guard holds the tests that keep the code base in shape: who may
// import whom, one package comment each, a reason for every dependency, files
// that fit in a head. It has no code of its own.
package guard
