package service

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	cav1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/join"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/rotation"
)

const (
	// DefaultGrace is for how long after its end a certificate still lets its
	// holder renew it.
	DefaultGrace = 24 * time.Hour
	// poll is how often agents ask for the bundle, which bounds how long a
	// rotation waits for one that is well.
	poll     = 30 * time.Second
	maxAgent = 64 // characters of an agent's name
	// reasonHeader carries the ca.Reason of a refusal.
	reasonHeader = "Plimsoll-Reason"
)

// Options is what a service is made of.
type Options struct {
	Rotation *rotation.Machine
	Tokens   *join.Registry
	Grace    time.Duration // DefaultGrace when zero
	Now      func() time.Time
	Log      *slog.Logger // audit log and faults
}

// Service implements CertificateServiceHandler.
type Service struct {
	o       Options
	metrics *Metrics
	source  *limiter[netip.Addr]  // calls from one address
	issue   *limiter[ca.Identity] // certificates of one identity
	bundle  *limiter[ca.Identity] // looks at the bundle by one identity
	server  certificate
}

// New makes a service. A mesh of 500 copies of one workload stays below the
// limits; callers behind one address share that address's.
func New(o Options) *Service {
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	return &Service{
		o: o, metrics: newMetrics(),
		source: newLimiter[netip.Addr](100, 1000),
		issue:  newLimiter[ca.Identity](5, 100),
		bundle: newLimiter[ca.Identity](50, 500),
	}
}

// Metrics are the service's counters.
func (s *Service) Metrics() *Metrics { return s.metrics }

// Issue implements CertificateServiceHandler.
func (s *Service) Issue(ctx context.Context, r *connect.Request[cav1.IssueRequest]) (*connect.Response[cav1.IssueResponse], error) {
	p := fromContext(ctx)
	by, err := s.authenticate(p, r.Header(), r.Msg.GetWorkload())
	if err != nil {
		return nil, s.refuse(ctx, p, caller{}, r.Msg.GetWorkload(), err)
	}
	svid, err := s.sign(ctx, by, r.Msg)
	if err != nil {
		return nil, s.refuse(ctx, p, by, r.Msg.GetWorkload(), err)
	}
	s.metrics.countIssued(by.way)
	s.o.Log.InfoContext(ctx, "certificate issued", "identity", svid.Identity, "by", by.way, "workload", clip(r.Msg.GetWorkload()),
		"agent", r.Msg.GetAgent(), "serial", svid.Serial, "not_after", svid.NotAfter, "from", p.address)
	return connect.NewResponse(&cav1.IssueResponse{
		ChainPem: svid.ChainPEM, Bundle: bundleOf(svid.Bundle),
		NotBefore: timestamppb.New(svid.NotBefore), NotAfter: timestamppb.New(svid.NotAfter),
	}), nil
}

// sign issues to the caller that was authenticated, whatever the request says.
// A request that is no good does not use up a token.
func (s *Service) sign(ctx context.Context, to caller, r *cav1.IssueRequest) (*ca.SVID, error) {
	if !s.issue.allow(to.identity, s.o.Now()) {
		return nil, ca.Refuse(ca.ReasonRate, "too many certificates of %s", to.identity)
	}
	if err := checkAgent(r.GetAgent()); err != nil {
		return nil, err
	}
	if r.GetTtl() != nil && r.GetTtl().CheckValid() != nil {
		return nil, ca.Refuse(ca.ReasonTTL, "lifetime is not a duration")
	}
	ttl := r.GetTtl().AsDuration()
	if ttl != 0 && (ttl < ca.MinTTL || ttl > ca.MaxTTL) {
		return nil, ca.Refuse(ca.ReasonTTL, "lifetime %v is outside %v to %v", ttl, ca.MinTTL, ca.MaxTTL)
	}
	if _, err := ca.RequestKey(r.GetCsr()); err != nil {
		return nil, err
	}
	if to.ticket != nil {
		if err := to.ticket.Use(); err != nil {
			return nil, err
		}
	}
	return s.o.Rotation.Issue(ctx, r.GetCsr(), rotation.Agent{Identity: to.identity, Name: r.GetAgent()}, ttl)
}

// GetBundle implements CertificateServiceHandler.
func (s *Service) GetBundle(ctx context.Context, r *connect.Request[cav1.GetBundleRequest]) (*connect.Response[cav1.GetBundleResponse], error) {
	p := fromContext(ctx)
	by, err := s.byCertificate(p, 0)
	if err == nil {
		err = s.acknowledge(by, r.Msg)
	}
	if err != nil {
		return nil, s.refuse(ctx, p, by, "", err)
	}
	return connect.NewResponse(&cav1.GetBundleResponse{
		Bundle: bundleOf(s.o.Rotation.Authority().Bundle()), PollAfter: durationpb.New(poll),
	}), nil
}

func (s *Service) acknowledge(by caller, r *cav1.GetBundleRequest) error {
	if !s.bundle.allow(by.identity, s.o.Now()) {
		return ca.Refuse(ca.ReasonRate, "%s asks for the bundle too often", by.identity)
	}
	if err := checkAgent(r.GetAgent()); err != nil {
		return err
	}
	if len(r.GetInForce()) > maxAgent {
		return ca.Refuse(ca.ReasonRequest, "version of the bundle has %d characters", len(r.GetInForce()))
	}
	return s.o.Rotation.Acknowledge(rotation.Agent{Identity: by.identity, Name: r.GetAgent()}, r.GetInForce(), by.until)
}

func checkAgent(name string) error {
	if name == "" || len(name) > maxAgent {
		return ca.Refuse(ca.ReasonRequest, "agent's name has %d characters, want 1 to %d", len(name), maxAgent)
	}
	return nil
}

// refuse counts and logs an error and makes it one of Connect's. A fault of ours
// is not told to the caller.
func (s *Service) refuse(ctx context.Context, p *peer, by caller, workload string, err error) error {
	p.counted = true
	if ctx.Err() != nil {
		return connect.NewError(connect.CodeCanceled, ctx.Err())
	}
	reason := ca.ReasonOf(err)
	s.metrics.countRefused(reason)
	level := slog.LevelWarn
	if reason == ca.ReasonInternal {
		level = slog.LevelError
	}
	s.o.Log.Log(ctx, level, "certificate refused", "reason", reason, "error", err, "identity", by.identity, "workload", clip(workload), "from", p.address)
	if reason == ca.ReasonInternal {
		err = errors.New("the authority cannot do that now")
	}
	answer := connect.NewError(codeOf(reason), err)
	answer.Meta().Set(reasonHeader, string(reason))
	return answer
}

func codeOf(r ca.Reason) connect.Code {
	switch r {
	case ca.ReasonNoIdentity, ca.ReasonCertificate, ca.ReasonToken, ca.ReasonExpired, ca.ReasonReplay:
		return connect.CodeUnauthenticated
	case ca.ReasonBinding, ca.ReasonIdentity:
		return connect.CodePermissionDenied
	case ca.ReasonRate:
		return connect.CodeResourceExhausted
	case ca.ReasonInternal:
		return connect.CodeInternal
	default:
		return connect.CodeInvalidArgument
	}
}

func bundleOf(b *ca.Bundle) *cav1.Bundle {
	return &cav1.Bundle{Pem: b.PEM(), Version: b.Version()}
}

// clip bounds what a caller can write into the log.
func clip(s string) string { return s[:min(len(s), maxAgent)] }
