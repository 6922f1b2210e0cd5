package record

import "testing"

// TestClassify holds the rows that Envoy 1.40 was seen to write to the outcome
// that a person would name.
func TestClassify(t *testing.T) {
	for name, tc := range map[string]struct {
		code    uint16
		grpc    int8
		flags   Flags
		details string
		want    Outcome
	}{
		"answer":                      {200, -1, 0, ViaUpstream, OutcomeOK},
		"redirect":                    {302, -1, 0, ViaUpstream, OutcomeOK},
		"not found by the server":     {404, -1, 0, ViaUpstream, OutcomeClientError},
		"error of the server":         {500, -1, 0, ViaUpstream, OutcomeServerError},
		"direct response of a route":  {418, -1, 0, "direct_response", OutcomeClientError},
		"nothing known":               {0, -1, 0, "", OutcomeUnknown},
		"per-try timeout":             {504, -1, FlagUT | FlagURX, "upstream_per_try_timeout", OutcomeTimeout},
		"route timeout":               {504, -1, FlagUT, "response_timeout", OutcomeTimeout},
		"stream idle timeout":         {504, -1, FlagSI, "stream_idle_timeout", OutcomeTimeout},
		"duration timeout":            {504, -1, FlagDT, "max_duration_timeout", OutcomeTimeout},
		"stream duration of upstream": {504, -1, FlagUMSDR, "upstream_max_stream_duration_reached", OutcomeTimeout},
		"connection refused":          {503, -1, FlagUF | FlagURX, "upstream_reset_before_response_started{connection_failure}", OutcomeConnectFail},
		"max_requests":                {503, -1, FlagUO, "upstream_reset_before_response_started{overflow}", OutcomeOverflow},
		"client cancel":               {0, -1, FlagDC, "downstream_remote_disconnect", OutcomeClientGone},
		"client reset":                {0, -1, FlagDR, "downstream_remote_reset", OutcomeClientGone},
		"no host":                     {503, -1, FlagUH, "no_healthy_upstream", OutcomeNoHealthy},
		"no cluster":                  {503, -1, FlagNC, "cluster_not_found", OutcomeNoCluster},
		"no route":                    {404, -1, FlagNR, "route_not_found", OutcomeNoRoute},
		"hedge that won":              {200, -1, FlagUT, ViaUpstream, OutcomeOK},
		"retry refused by a budget":   {503, -1, FlagUO, ViaUpstream, OutcomeServerError},
		"retries used up":             {503, -1, FlagURX, ViaUpstream, OutcomeRetryExhausted},
		"retries used up on a 4xx":    {409, -1, FlagURX, ViaUpstream, OutcomeClientError},
		"retries used up, no answer":  {503, -1, FlagURX, "", OutcomeRetryExhausted},
		"reset by the server":         {503, -1, FlagUC, "upstream_reset_before_response_started{connection_termination}", OutcomeResetUp},
		"remote reset":                {503, -1, FlagUR, "upstream_reset_before_response_started{remote_reset}", OutcomeResetUp},
		"local reset":                 {503, -1, FlagLR, "upstream_reset_before_response_started{local_reset}", OutcomeResetLocal},
		"answer cut by the server":    {200, -1, FlagUC, ViaUpstream, OutcomeResetUp},
		"answer cut by the client":    {200, -1, FlagDC, ViaUpstream, OutcomeClientGone},
		"answer that went idle":       {200, -1, FlagSI, ViaUpstream, OutcomeTimeout},
		"answer past its duration":    {200, -1, FlagDT, ViaUpstream, OutcomeTimeout},
		"cut answer after a retry":    {200, -1, FlagURX | FlagUC, ViaUpstream, OutcomeResetUp},
		"bad request of the client":   {400, -1, FlagDPE, "http1.codec_error", OutcomeProtocolError},
		"bad answer of the server":    {502, -1, FlagUPE, "upstream_reset_before_response_started{protocol_error}", OutcomeProtocolError},
		"rate limited":                {429, -1, FlagRL, "request_rate_limited", OutcomeRateLimited},
		"429 of the server":           {429, -1, 0, ViaUpstream, OutcomeClientError},
		"denied by ext_authz":         {403, -1, FlagUAEX, "ext_authz_denied", OutcomeDenied},
		"denied by RBAC, no flag":     {403, -1, 0, "rbac_access_denied_matched_policy[none]", OutcomeDenied},
		"injected":                    {503, -1, FlagFI, "fault_filter_abort", OutcomeFault},
		"injected delay":              {200, -1, FlagDI, ViaUpstream, OutcomeOK},
		"overload manager":            {503, -1, FlagOM, "overload", OutcomeOverload},
		"name not resolved":           {503, -1, FlagDF | FlagUH, "", OutcomeNoHealthy},
		"name not resolved alone":     {503, -1, FlagDF, "dns_resolution_failure", OutcomeDNSFail},
		"cache hit":                   {200, -1, FlagRFCF, "", OutcomeOK},

		"grpc ok":                  {200, 0, 0, ViaUpstream, OutcomeOK},
		"grpc cancelled":           {200, 1, 0, ViaUpstream, OutcomeClientGone},
		"grpc unknown":             {200, 2, 0, ViaUpstream, OutcomeServerError},
		"grpc invalid argument":    {200, 3, 0, ViaUpstream, OutcomeClientError},
		"grpc deadline":            {200, 4, 0, ViaUpstream, OutcomeTimeout},
		"grpc not found":           {200, 5, 0, ViaUpstream, OutcomeClientError},
		"grpc permission denied":   {200, 7, 0, ViaUpstream, OutcomeDenied},
		"grpc resource exhausted":  {200, 8, 0, ViaUpstream, OutcomeServerError},
		"grpc unavailable":         {200, 14, 0, ViaUpstream, OutcomeServerError},
		"grpc unauthenticated":     {200, 16, 0, ViaUpstream, OutcomeDenied},
		"grpc status under a flag": {200, 14, FlagUO, "upstream_reset_before_response_started{overflow}", OutcomeOverflow},
		"http error beats grpc":    {503, 0, 0, ViaUpstream, OutcomeServerError},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Classify(tc.code, tc.grpc, tc.flags, tc.details); got != tc.want {
				t.Errorf("Classify(%d, %d, %s, %q) = %s, want %s", tc.code, tc.grpc, tc.flags, tc.details, got, tc.want)
			}
		})
	}
}

// TestClassifyAttempt has the rows of router upstream logs. Their details are
// empty.
func TestClassifyAttempt(t *testing.T) {
	for name, tc := range map[string]struct {
		code  uint16
		flags Flags
		want  Outcome
	}{
		"answer":                        {200, 0, OutcomeOK},
		"error of the server":           {503, 0, OutcomeServerError},
		"per-try timeout":               {0, FlagUT, OutcomeTimeout},
		"connection refused":            {0, FlagUF, OutcomeConnectFail},
		"max_requests":                  {0, FlagUO, OutcomeOverflow},
		"client cancel, or a lost race": {0, 0, OutcomeClientGone},
		"hedge that lost to a timeout":  {0, FlagUT, OutcomeTimeout},
		"hedge that won":                {200, FlagUT, OutcomeOK},
		"answer cut by the server":      {200, FlagUC, OutcomeResetUp},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ClassifyAttempt(tc.code, -1, tc.flags, ""); got != tc.want {
				t.Errorf("ClassifyAttempt(%d, %s) = %s, want %s", tc.code, tc.flags, got, tc.want)
			}
		})
	}
}

// TestEveryCauseIsReachable makes sure that no flag is hidden behind another
// of the table, and that a flag alone gives what the table says.
func TestEveryCauseIsReachable(t *testing.T) {
	seen := Flags(0)
	for _, c := range causes {
		if seen.Has(c.flag) {
			t.Errorf("flags %s stand in the table twice", c.flag&seen)
		}
		seen |= c.flag
		for rest := c.flag; rest != 0; rest &= rest - 1 {
			one := rest & -rest
			if got := Classify(503, -1, one, ""); got != c.outcome {
				t.Errorf("flag %s alone gives %s, want %s", one, got, c.outcome)
			}
		}
	}
}

func TestFailedIsEverythingButOKAndClientError(t *testing.T) {
	for n := range OutcomeNames() {
		o := Outcome(n)
		want := o != OutcomeOK && o != OutcomeClientError
		if o.Failed() != want {
			t.Errorf("%s.Failed() = %t", o, o.Failed())
		}
	}
}
