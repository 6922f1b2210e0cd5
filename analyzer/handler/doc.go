// Package handler is the HTTP front of the analyzer: it mounts the Connect
// services of api/ behind a bearer token, and /healthz.
//
// Every call passes, from the outside in: the request log (debug level), a
// limit on its size and time, the token, the role that its procedure asks for
// (roles.go: a procedure without a role is refused), and a net that turns a
// panic or an internal error into a bare "internal error" for the caller and a
// full one for the log.
//
// Tokens live in two files of the state directory, made at the first start with
// mode 0600 and refused when others could read them. Listen serves loopback
// addresses only, as there is no TLS yet.
package handler
