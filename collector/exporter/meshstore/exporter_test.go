package meshstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// now is the moment of all tests that need one.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// started returns a base of a signal that stores to the given store.
func started(t *testing.T, store *fakeStore, signal string, set component.TelemetrySettings) *base {
	t.Helper()
	settings := exportertest.NewNopSettings(component.MustNewType(typeName))
	settings.TelemetrySettings = set
	b, err := newBase(createDefaultConfig().(*Config), settings, signal)
	if err != nil {
		t.Fatal(err)
	}
	b.now = func() time.Time { return now }
	if err := b.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return b
}

func startedTraces(t *testing.T, store *fakeStore) *traces {
	return newTraces(started(t, store, "traces", componenttest.NewNopTelemetrySettings()))
}

func startedLogs(t *testing.T, store *fakeStore) *logs {
	return newLogs(started(t, store, "logs", componenttest.NewNopTelemetrySettings()))
}

func startedMetrics(t *testing.T, store *fakeStore) *metrics {
	return newMetrics(started(t, store, "metrics", componenttest.NewNopTelemetrySettings()))
}

func TestStart(t *testing.T) {
	for name, test := range map[string]struct {
		host component.Host
		err  string
	}{
		"store":        {&fakeStore{}, ""},
		"no extension": {componenttest.NewNopHost(), `finding store "meshstore": no such extension; add it to extensions and to service::extensions`},
		"other extension": {
			otherHost{}, `finding store "meshstore": this extension cannot store records; name one of type meshstore`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			factory := NewFactory()
			exp, err := factory.CreateTraces(t.Context(), exportertest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
			if err != nil {
				t.Fatal(err)
			}
			err = exp.Start(t.Context(), test.host)
			if test.err == "" && err != nil || test.err != "" && (err == nil || err.Error() != test.err) {
				t.Errorf("got error %v, want %q", err, test.err)
			}
			if err := exp.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// otherHost has an extension of the right name that is no store.
type otherHost struct{}

func (otherHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): struct {
		component.StartFunc
		component.ShutdownFunc
	}{}}
}

func TestFactory(t *testing.T) {
	factory, store := NewFactory(), &fakeStore{}
	set := exportertest.NewNopSettings(factory.Type())
	traces, errTraces := factory.CreateTraces(t.Context(), set, factory.CreateDefaultConfig())
	logs, errLogs := factory.CreateLogs(t.Context(), set, factory.CreateDefaultConfig())
	metrics, errMetrics := factory.CreateMetrics(t.Context(), set, factory.CreateDefaultConfig())
	if err := errors.Join(errTraces, errLogs, errMetrics); err != nil {
		t.Fatal(err)
	}
	for _, c := range []interface {
		component.Component
		Capabilities() consumer.Capabilities
	}{traces, logs, metrics} {
		if c.Capabilities().MutatesData {
			t.Errorf("%T says that it changes data, which would make the collector copy it", c)
		}
		if err := c.Start(t.Context(), store); err != nil {
			t.Error(err)
		}
	}
	// The empty request of each signal is no error and costs no commit.
	if err := errors.Join(
		traces.ConsumeTraces(t.Context(), ptrace.NewTraces()),
		logs.ConsumeLogs(t.Context(), plog.NewLogs()),
		metrics.ConsumeMetrics(t.Context(), pmetric.NewMetrics()),
	); err != nil || store.commits != 0 {
		t.Errorf("empty requests: error %v, %d commits", err, store.commits)
	}
	if err := errors.Join(traces.Shutdown(t.Context()), logs.Shutdown(t.Context()), metrics.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestAcknowledgement: a request is answered when its rows are durable, and the
// answer says whether to send it again.
func TestAcknowledgement(t *testing.T) {
	left, leave := context.WithCancel(t.Context())
	leave()
	broken := errors.New("disk on fire")
	for name, test := range map[string]struct {
		ctx       context.Context
		store     *fakeStore
		data      ptrace.Traces
		code      codes.Code
		permanent bool
		retry     time.Duration
		message   string
		records   int
	}{
		"durable": {data: spans(3), code: codes.OK, records: 3},
		"no room": {
			store: &fakeStore{full: true}, data: spans(3), code: codes.Unavailable, retry: 2 * time.Second,
			message: "storing traces: the store has no room: its budget for rows that wait is used up",
		},
		"commit fails": {
			store: &fakeStore{commit: fails(broken)}, data: spans(3), code: codes.Unavailable, retry: 2 * time.Second,
			message: "storing traces: disk on fire", records: 3,
		},
		"commit fails for good": {
			store: &fakeStore{commit: fails(consumererror.NewPermanent(broken))}, data: spans(3), code: codes.Internal, permanent: true,
			message: "storing traces: Permanent error: disk on fire", records: 3,
		},
		"sender left": {
			ctx: left, store: &fakeStore{commit: func(ctx context.Context) error { return ctx.Err() }}, data: spans(1),
			code: codes.Canceled, message: "context canceled", records: 1,
		},
		"some are bad": {data: withBad(spans(2)), code: codes.OK, records: 2},
		"all are bad": {
			data: withBad(ptrace.NewTraces()), code: codes.InvalidArgument, permanent: true,
			message: "storing traces: nothing of the request can be stored: no_trace_id 1, no_span_id 1, no_time 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, store := test.ctx, test.store
			if ctx == nil {
				ctx = t.Context()
			}
			if store == nil {
				store = &fakeStore{}
			}
			err := startedTraces(t, store).ConsumeTraces(ctx, test.data)
			s, _ := status.FromError(err)
			if s.Code() != test.code || consumererror.IsPermanent(err) != test.permanent || !strings.HasSuffix(s.Message(), test.message) {
				t.Errorf("got %v (permanent: %v), want %v %q (%v)", err, consumererror.IsPermanent(err), test.code, test.message, test.permanent)
			}
			if got := retryDelay(s); got != test.retry {
				t.Errorf("told to come again after %v, want %v", got, test.retry)
			}
			if n := len(store.take()); n != test.records {
				t.Errorf("the store got %d records, want %d", n, test.records)
			}
			if test.code == codes.OK && store.durable != test.records {
				t.Errorf("acknowledged with %d durable records of %d", store.durable, test.records)
			}
		})
	}
}

// TestWaitsForCommit holds a commit back: so is the answer.
func TestWaitsForCommit(t *testing.T) {
	release, reached := make(chan struct{}), make(chan struct{})
	store := &fakeStore{commit: func(context.Context) error {
		close(reached)
		<-release
		return nil
	}}
	e, answered := startedTraces(t, store), make(chan error, 1)
	go func() { answered <- e.ConsumeTraces(t.Context(), spans(1)) }()
	<-reached
	select {
	case err := <-answered:
		t.Fatalf("answered %v before the rows were durable", err)
	default:
	}
	close(release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// TestCommitLimit: a sender without a deadline of its own is not held for ever.
func TestCommitLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{commit: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		e, begun := startedTraces(t, store), time.Now()
		err := e.ConsumeTraces(context.Background(), spans(1))
		if waited := time.Since(begun); waited != commitLimit {
			t.Errorf("waited %v, want %v", waited, commitLimit)
		}
		s, _ := status.FromError(err)
		if s.Code() != codes.Unavailable || retryDelay(s) == 0 {
			t.Errorf("got %v, want UNAVAILABLE with RetryInfo", err)
		}
	})
}

// TestRepeatedPointsWaitAgain: points that were taken before are no news, but
// whether they are durable is known only to a commit.
func TestRepeatedPointsWaitAgain(t *testing.T) {
	broken := errors.New("disk on fire")
	store := &fakeStore{commit: fails(broken)}
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("envoy.node.id", "proxy-1")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("cluster.upstream_rq_retry")
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := sum.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(0))
	p.SetIntValue(5)
	p.Attributes().PutStr("envoy.cluster_name", "a")
	e := startedMetrics(t, store)
	for try, want := range []int{1, 0, 0} {
		if err := e.ConsumeMetrics(t.Context(), md); status.Code(err) != codes.Unavailable {
			t.Errorf("try %d: got %v, want UNAVAILABLE", try, err)
		}
		if got := len(store.take()); got != want {
			t.Errorf("try %d: the store got %d records, want %d", try, got, want)
		}
	}
	store.commit = nil
	if err := e.ConsumeMetrics(t.Context(), md); err != nil {
		t.Error(err)
	}
}

func fails(err error) func(context.Context) error { return func(context.Context) error { return err } }

// retryDelay returns what a status tells of when to come again, 0 if nothing.
func retryDelay(s *status.Status) time.Duration {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.RetryDelay.AsDuration()
		}
	}
	return 0
}

// spans returns so many spans of one application.
func spans(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	ss := rs.ScopeSpans().AppendEmpty()
	for i := range n {
		good(ss.Spans().AppendEmpty(), i)
	}
	return td
}

// good makes a span that can be stored.
func good(s ptrace.Span, i int) ptrace.Span {
	s.SetTraceID([16]byte{1, 15: byte(i)})
	s.SetSpanID([8]byte{2, 7: byte(i)})
	s.SetName("work")
	s.SetStartTimestamp(stamp(-time.Second))
	s.SetEndTimestamp(stamp(0))
	return s
}

// withBad appends a span of each kind that can not be stored.
func withBad(td ptrace.Traces) ptrace.Traces {
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	good(list.AppendEmpty(), 1).SetTraceID([16]byte{})
	good(list.AppendEmpty(), 2).SetSpanID([8]byte{})
	good(list.AppendEmpty(), 3).SetStartTimestamp(0)
	return td
}
