package service_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"connectrpc.com/connect"

	cav1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/ca/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/catest"
	"github.com/plimsoll-mesh/plimsoll/mesh/ca/rotation"
)

func (c caller) look(r *cav1.GetBundleRequest) (*cav1.GetBundleResponse, error) {
	req := connect.NewRequest(r)
	if c.token != "" {
		req.Header().Set("Authorization", c.token)
	}
	answer, err := c.rpc().GetBundle(c.t.Context(), req)
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

// TestGetBundle returns what members are to trust and takes note of what they do.
func TestGetBundle(t *testing.T) { synctest.Test(t, getBundle) }

func getBundle(t *testing.T) {
	s := catest.Start(t)
	c := member(t, s, "reviews")
	want := s.Rotation.Authority().Bundle()
	got, err := c.look(&cav1.GetBundleRequest{Agent: "agent-1"})
	if err != nil {
		t.Fatal(err)
	}
	if string(got.GetBundle().GetPem()) != string(want.PEM()) || got.GetBundle().GetVersion() != want.Version() {
		t.Error("another bundle came")
	}
	if d := got.GetPollAfter().AsDuration(); d.Seconds() != 30 {
		t.Errorf("asked to come back after %v", d)
	}
	one := rotation.Agent{Identity: catest.Identity("reviews"), Name: "agent-1"}
	if behind := s.Rotation.Status().Behind; len(behind) != 1 || behind[0] != one {
		t.Errorf("behind: %v", behind)
	}
	if _, err := c.look(&cav1.GetBundleRequest{Agent: "agent-1", InForce: want.Version()}); err != nil {
		t.Fatal(err)
	}
	if behind := s.Rotation.Status().Behind; len(behind) != 0 {
		t.Errorf("behind: %v", behind)
	}
}

// TestNobodyAcknowledgesForOthers: the identity is that of the connection.
func TestNobodyAcknowledgesForOthers(t *testing.T) { synctest.Test(t, nobodyAcknowledgesForOthers) }

func nobodyAcknowledgesForOthers(t *testing.T) {
	s := catest.Start(t)
	member(t, s, "reviews")
	version := s.Rotation.Authority().Bundle().Version()
	if _, err := member(t, s, "ratings").look(&cav1.GetBundleRequest{Agent: "agent-1", InForce: version}); err != nil {
		t.Fatal(err)
	}
	if behind := s.Rotation.Status().Behind; len(behind) != 1 || behind[0].Identity != catest.Identity("reviews") {
		t.Errorf("behind: %v", behind)
	}
}

func TestGetBundleRefuses(t *testing.T) { synctest.Test(t, getBundleRefuses) }

func getBundleRefuses(t *testing.T) {
	s := catest.Start(t)
	c := member(t, s, "reviews")
	stranger := member(t, catest.Start(t), "reviews")
	for name, tc := range map[string]struct {
		by     caller
		r      *cav1.GetBundleRequest
		code   connect.Code
		reason ca.Reason
	}{
		"nobody":     {caller{}, &cav1.GetBundleRequest{Agent: "a"}, connect.CodeUnauthenticated, ca.ReasonNoIdentity},
		"token":      {caller{token: "Bearer " + s.Token("reviews")}, &cav1.GetBundleRequest{Agent: "a"}, connect.CodeUnauthenticated, ca.ReasonNoIdentity},
		"other mesh": {caller{pair: stranger.pair}, &cav1.GetBundleRequest{Agent: "a"}, connect.CodeUnauthenticated, ca.ReasonCertificate},
		"no agent":   {c, &cav1.GetBundleRequest{}, connect.CodeInvalidArgument, ca.ReasonRequest},
		"long":       {c, &cav1.GetBundleRequest{Agent: "a", InForce: strings.Repeat("0", 65)}, connect.CodeInvalidArgument, ca.ReasonRequest},
	} {
		tc.by.t, tc.by.site = t, s
		before := s.Service.Metrics().Refused(tc.reason)
		if _, err := tc.by.look(tc.r); connect.CodeOf(err) != tc.code {
			t.Errorf("%s: %v, want %v", name, err, tc.code)
		}
		if got := s.Service.Metrics().Refused(tc.reason); got != before+1 {
			t.Errorf("%s: counted %d times", name, got-before)
		}
	}
}
