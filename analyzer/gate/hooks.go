package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/api/apijson"
	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
)

// maxBody bounds what a webhook may send.
const maxBody = 1 << 16

// Hooks serves the gate to tools that speak plain HTTP. The answer's body is
// always the verdict; its status differs by path:
//
//	/gate            200 whatever the verdict (Argo Rollouts' web metric)
//	/gate/rollout    200 unless the canary fails (Flagger's rollout hook)
//	/gate/promotion  200 once it passes (Flagger's confirm-promotion hook)
//	/gate/rollback   200 once it fails (Flagger's rollback hook)
//
// Where the condition does not hold the status is 412. Parameters are the fields
// of CheckRequest, in the query or in the member "metadata" of a JSON body;
// the body's name and namespace are defaults for service and namespace.
func (s *Service) Hooks() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/gate", s.hook(func(string) bool { return true }))
	mux.HandleFunc("POST /gate/rollout", s.hook(func(v string) bool { return v != Fail }))
	mux.HandleFunc("POST /gate/promotion", s.hook(func(v string) bool { return v == Pass }))
	mux.HandleFunc("POST /gate/rollback", s.hook(func(v string) bool { return v == Fail }))
	return mux
}

func (s *Service) hook(ok func(verdict string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		req, err := readHook(http.MaxBytesReader(w, r.Body, maxBody), r.URL.Query())
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		answer, err := s.Check(r.Context(), connect.NewRequest(req))
		if err != nil {
			status, text := statusOf(err)
			refuse(w, status, text)
			return
		}
		body, err := apijson.MarshalIndent(answer.Msg)
		if err != nil {
			refuse(w, http.StatusInternalServerError, "internal error")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if !ok(answer.Msg.Verdict) {
			w.WriteHeader(http.StatusPreconditionFailed)
		}
		w.Write(body) //nolint:errcheck // the caller left
	}
}

// payload is what Flagger posts (fluxcd/flagger: CanaryWebhookPayload).
type payload struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Metadata  map[string]string `json:"metadata"`
}

// readHook merges query and body; the query wins.
func readHook(body io.Reader, q url.Values) (*gatev1.CheckRequest, error) {
	var p payload
	if err := json.NewDecoder(body).Decode(&p); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the body: %w", err)
	}
	values := url.Values{"service": {p.Name}, "namespace": {p.Namespace}}
	for k, v := range p.Metadata {
		values.Set(k, v)
	}
	for k := range q {
		values.Set(k, q.Get(k))
	}
	return parse(values)
}

// parse reads the parameters; one that is not known is refused, since a margin
// that is misspelt would be a margin that is not held.
func parse(values url.Values) (*gatev1.CheckRequest, error) {
	req := &gatev1.CheckRequest{}
	var errs []error
	for name := range values {
		errs = append(errs, set(req, name, values.Get(name)))
	}
	return req, errors.Join(errs...)
}

func set(req *gatev1.CheckRequest, name, text string) (err error) {
	switch name {
	case "service":
		req.Service = text
	case "namespace":
		req.Namespace = text
	case "canary":
		req.Canary = text
	case "baseline":
		req.Baseline = text
	case "from":
		var t time.Time
		if t, err = time.Parse(time.RFC3339Nano, text); err == nil {
			req.From = timestamppb.New(t)
		}
	case "for":
		req.For, err = duration(text)
	case "latency":
		req.Latency, err = duration(text)
	case "error_margin":
		req.ErrorMargin, err = share(text)
	case "latency_margin":
		req.LatencyMargin, err = share(text)
	case "alpha":
		req.Alpha, err = share(text)
	default:
		return fmt.Errorf("unknown parameter %.40q: use service, namespace, canary, baseline, from, for, latency, error_margin, latency_margin or alpha", name)
	}
	if err != nil {
		return fmt.Errorf("parameter %s: %w", name, err)
	}
	return nil
}

func duration(text string) (*durationpb.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, err
	}
	return durationpb.New(d), nil
}

func share(text string) (*float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	return &v, err
}

// statusOf turns an error of Check into a status and a text that may be shown.
func statusOf(err error) (int, string) {
	var told *connect.Error
	if !errors.As(err, &told) {
		return http.StatusServiceUnavailable, "the store cannot answer now"
	}
	switch told.Code() {
	case connect.CodeInvalidArgument:
		return http.StatusBadRequest, told.Message()
	case connect.CodeNotFound:
		return http.StatusNotFound, told.Message()
	}
	return http.StatusServiceUnavailable, told.Message()
}

// refuse answers an error. The key verdict is left out, so that no condition on
// it holds.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": text}) //nolint:errcheck // the caller left
}
