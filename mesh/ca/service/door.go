package service

import (
	"context"
	"net/http"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1/cav1connect"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// maxBody bounds a call's message, in bytes.
const maxBody = 16 << 10

// Handler returns the path and the handler of CertificateService. It learns who
// calls from the request's TLS state, so it must be served over TLS that asks
// for client certificates: see TLSConfig.
func (s *Service) Handler() (string, http.Handler) {
	path, handler := cav1connect.NewCertificateServiceHandler(s, connect.WithReadMaxBytes(maxBody))
	return path, s.door(handler)
}

// door tells the calls who calls, turns callers away that call too often, and
// counts what Connect refuses before a call begins.
func (s *Service) door(next http.Handler) http.Handler {
	refuse := connect.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := peerOf(r)
		ctx := context.WithValue(r.Context(), peerKey{}, p)
		if !s.source.allow(p.address, s.o.Now()) {
			err := s.refuse(ctx, p, caller{}, "", ca.Refuse(ca.ReasonRate, "too many calls from %s", p.address))
			_ = refuse.Write(w, r, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody+1024)
		seen := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(seen, r.WithContext(ctx))
		if seen.status >= 400 && !p.counted {
			s.metrics.countRefused(ca.ReasonRequest)
		}
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
