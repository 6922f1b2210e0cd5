package xds

import (
	"context"
	"errors"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Reasons to end a stream.
var (
	errReplaced = status.Error(codes.Aborted, "the proxy opened another stream")
	errRemoved  = status.Error(codes.Unavailable, "the proxy was removed from the mesh")
	errSlow     = status.Error(codes.Unavailable, "the proxy does not read its responses")
	errNoFirst  = status.Error(codes.DeadlineExceeded, "no first message")
	errFull     = status.Error(codes.ResourceExhausted, "too many streams")
)

// connection is the part of a gRPC stream that a session needs.
type connection interface {
	Context() context.Context
	Send(*discoveryv3.DeltaDiscoveryResponse) error
	Recv() (*discoveryv3.DeltaDiscoveryRequest, error)
}

// DeltaAggregatedResources serves one stream.
func (s *Server) DeltaAggregatedResources(c discoveryv3.AggregatedDiscoveryService_DeltaAggregatedResourcesServer) error {
	return s.serve(c)
}

func (s *Server) serve(c connection) error {
	defer s.sessions.Add(-1)
	if s.sessions.Add(1) > maxSessions {
		s.refused.Add(1)
		return errFull
	}
	ctx, cancel := context.WithCancelCause(c.Context())
	defer cancel(nil)
	in := receive(ctx, cancel, c)
	first, err := s.first(ctx, in)
	if err != nil {
		return err
	}
	name, err := s.authorize(ctx, first)
	if err != nil {
		s.refused.Add(1)
		s.options.Log.Warn("refused a stream", "node", clip(first.GetNode().GetId()), "reason", err)
		return err
	}
	p := s.proxy(name)
	st, ok := p.connect(s.options.Now(), cancel)
	if !ok {
		return errRemoved
	}
	s.options.Log.Info("proxy connected", "proxy", name)
	err = (&session{server: s, proxy: p, stream: st, in: in}).run(ctx, cancel, c, first)
	p.disconnect(s.options.Now(), st)
	s.leave(p)
	s.options.Log.Info("proxy disconnected", "proxy", name, "reason", err)
	return err
}

// first waits for the message that says who is there.
func (s *Server) first(ctx context.Context, in <-chan *discoveryv3.DeltaDiscoveryRequest) (*discoveryv3.DeltaDiscoveryRequest, error) {
	timer := time.NewTimer(firstMessage)
	defer timer.Stop()
	select {
	case q := <-in:
		return q, nil
	case <-ctx.Done():
		return nil, ended(ctx)
	case <-timer.C:
		s.refused.Add(1)
		return nil, errNoFirst
	}
}

func (s *Server) authorize(ctx context.Context, first *discoveryv3.DeltaDiscoveryRequest) (string, error) {
	if n := proto.Size(first.GetNode()); n > maxNodeBytes {
		return "", status.Errorf(codes.InvalidArgument, "the node has %d bytes, more than %d", n, maxNodeBytes)
	}
	name, err := s.options.Authorize(ctx, first.GetNode())
	if err == nil {
		return name, nil
	}
	if _, ok := status.FromError(err); ok {
		return "", err
	}
	return "", status.Error(codes.PermissionDenied, err.Error())
}

// clip bounds what a stranger can write into the log.
func clip(text string) string { return text[:min(len(text), 200)] }

// receive hands over messages one by one; a proxy that sends faster than they
// are taken is held up by flow control. The goroutine ends with the stream.
func receive(ctx context.Context, cancel context.CancelCauseFunc, c connection) <-chan *discoveryv3.DeltaDiscoveryRequest {
	in := make(chan *discoveryv3.DeltaDiscoveryRequest)
	go func() {
		for {
			q, err := c.Recv()
			if err != nil {
				cancel(err)
				return
			}
			select {
			case in <- q:
			case <-ctx.Done():
				return
			}
		}
	}()
	return in
}

// ended returns why a stream is over.
func ended(ctx context.Context) error {
	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) {
		return status.Error(codes.Canceled, "the stream was closed")
	}
	return err
}

// session is a stream being served.
type session struct {
	server *Server
	proxy  *proxy
	stream *stream
	in     <-chan *discoveryv3.DeltaDiscoveryRequest
	queue  []*response // not yet taken by the connection; a few at most
	busy   bool        // one is being written: the proxy reads slowly
	stalls time.Time   // since when there was no progress
}

// run feeds the machine until the stream ends. Sending has its own goroutine, so
// that a proxy that does not read is noticed; others never wait for it.
func (x *session) run(ctx context.Context, cancel context.CancelCauseFunc, c connection, first *discoveryv3.DeltaDiscoveryRequest) error {
	out, sent := make(chan *response), make(chan *response)
	defer close(out)
	go send(ctx, cancel, c, out, sent)
	if err := x.take(first); err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		x.rearm(timer)
		select {
		case q := <-x.in:
			if err := x.take(q); err != nil {
				return err
			}
		case <-x.stream.wake:
			x.push(x.proxy.poll(x.now(), x.stream, x.waiting()))
		case <-timer.C:
			x.push(x.proxy.poll(x.now(), x.stream, x.waiting()))
		case x.ready(out) <- x.head():
			x.queue, x.busy, x.stalls = x.queue[1:], true, x.now()
		case r := <-sent:
			x.busy, x.stalls = false, x.now()
			x.proxy.sent(x.now(), x.stream, r)
		case <-ctx.Done():
			return ended(ctx)
		}
		if x.waiting() && x.now().Sub(x.stalls) >= slowestSend {
			return errSlow
		}
	}
}

// send writes what comes, and reports each, until the channel is closed or the
// stream breaks.
func send(ctx context.Context, cancel context.CancelCauseFunc, c connection, out <-chan *response, sent chan<- *response) {
	for r := range out {
		if err := c.Send(r); err != nil {
			cancel(err)
			return
		}
		select {
		case sent <- r:
		case <-ctx.Done():
			return
		}
	}
}

// waiting tells whether the transport has not taken all yet.
func (x *session) waiting() bool { return x.busy || len(x.queue) > 0 }

func (x *session) now() time.Time { return x.server.options.Now() }

func (x *session) take(q *discoveryv3.DeltaDiscoveryRequest) error {
	out, err := x.proxy.request(x.now(), x.stream, q)
	if err != nil {
		x.server.refused.Add(1)
		return status.Error(codes.InvalidArgument, err.Error())
	}
	x.push(out)
	return nil
}

func (x *session) push(out []*response) {
	if !x.waiting() {
		x.stalls = x.now()
	}
	x.queue = append(x.queue, out...)
}

// ready is the channel if there is something to send, else one that blocks.
func (x *session) ready(out chan<- *response) chan<- *response {
	if len(x.queue) == 0 || x.busy {
		return nil
	}
	return out
}

func (x *session) head() *response {
	if len(x.queue) == 0 {
		return nil
	}
	return x.queue[0]
}

// rearm sets the timer to what is due next.
func (x *session) rearm(timer *time.Timer) {
	const (
		soonest = time.Millisecond
		pace    = 100 * time.Millisecond // while the proxy reads slowly
		never   = time.Hour
	)
	wait := never
	if next := x.proxy.deadline(x.stream); !next.IsZero() {
		wait = max(next.Sub(x.now()), soonest)
	}
	if x.waiting() {
		wait = max(min(wait, x.stalls.Add(slowestSend).Sub(x.now())), pace)
	}
	timer.Reset(wait)
}
