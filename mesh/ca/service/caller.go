package service

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/join"
)

// peer is what a connection says about a caller.
type peer struct {
	chain   []*x509.Certificate // that it proved to have the key of
	address netip.Addr
	counted bool // a refusal was counted already
}

type peerKey struct{}

func peerOf(r *http.Request) *peer {
	p := &peer{}
	if r.TLS != nil {
		p.chain = r.TLS.PeerCertificates
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		p.address = from.Addr().Unmap()
	}
	return p
}

func fromContext(ctx context.Context) *peer {
	if p, ok := ctx.Value(peerKey{}).(*peer); ok {
		return p
	}
	return &peer{}
}

// caller is who calls, once that is proved.
type caller struct {
	identity ca.Identity
	way      Way
	until    time.Time    // end of its certificate
	ticket   *join.Ticket // to be used up; nil with a certificate
}

// authenticate finds out who wants a certificate. A token outranks the
// connection's certificate.
func (s *Service) authenticate(p *peer, header http.Header, workload string) (caller, error) {
	if value := header.Get("Authorization"); value != "" {
		token, ok := strings.CutPrefix(value, "Bearer ")
		if !ok {
			return caller{}, ca.Refuse(ca.ReasonToken, "authorization is not a bearer token")
		}
		ticket, err := s.o.Tokens.Check(token, workload, p.address)
		if err != nil {
			return caller{}, err
		}
		return caller{identity: ticket.Identity, way: ByToken, ticket: ticket}, nil
	}
	return s.byCertificate(p, s.o.Grace)
}

// byCertificate knows a caller by a certificate of this mesh that is not over
// for longer than grace: an agent that could not renew in time, since the
// authority was down, has its key still.
func (s *Service) byCertificate(p *peer, grace time.Duration) (caller, error) {
	if len(p.chain) == 0 {
		return caller{}, ca.Refuse(ca.ReasonNoIdentity, "neither a join token nor a certificate of this mesh")
	}
	now, end := s.o.Now(), p.chain[0].NotAfter
	at := now
	if over := now.Sub(end); over > 0 && over <= grace {
		at = end
	}
	authority := s.o.Rotation.Authority()
	id, err := authority.Bundle().Verify(p.chain, authority.TrustDomain(), x509.ExtKeyUsageClientAuth, at)
	if err != nil {
		return caller{}, err
	}
	return caller{identity: id, way: ByCertificate, until: end}, nil
}
