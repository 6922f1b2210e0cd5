package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/api/bearer"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
)

const (
	defaultURL   = "http://127.0.0.1:18090"
	urlEnv       = "PLIMSOLL_URL"
	tokenFileEnv = "PLIMSOLL_TOKEN_FILE"
	// answerTimeout is longer than the analyzer takes for any call.
	answerTimeout = 45 * time.Second
)

// connection says where the analyzer is and who asks.
type connection struct {
	url, tokenFile string
	tokenRole      string // the role that the command needs, for the remedy
}

// addConnectionFlags adds --url and --token-file to a command whose calls need
// the given role, viewer or operator.
func addConnectionFlags(cmd *cobra.Command, role string) *connection {
	c := &connection{tokenRole: role}
	flags := cmd.Flags()
	flags.StringVar(&c.url, "url", "", "address of the analyzer (env "+urlEnv+", default "+defaultURL+")")
	flags.StringVar(&c.tokenFile, "token-file", "", "file with the "+role+" token (env "+tokenFileEnv+")")
	return c
}

// address returns the URL of the flag, of the environment, or the default.
func (c *connection) address() string {
	return firstOf(c.url, os.Getenv(urlEnv), defaultURL)
}

// client holds one client for each service of the analyzer.
type client struct {
	graph  graphv1connect.GraphServiceClient
	slo    slov1connect.SLOServiceClient
	alert  alertv1connect.AlertServiceClient
	tune   tunev1connect.TuneServiceClient
	status statusv1connect.StatusServiceClient
}

// dial prepares the clients. Nothing is sent yet.
func (c *connection) dial() (*client, error) {
	u, err := url.Parse(c.address())
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, withExit(exitUsage, fmt.Errorf("address %q is not an http or https URL, such as %s", c.address(), defaultURL))
	}
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	transport := &http.Client{Timeout: answerTimeout, Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}}
	options := connect.WithInterceptors(bearer.Interceptor(bearer.Token(token)))
	return &client{
		graph:  graphv1connect.NewGraphServiceClient(transport, u.String(), options),
		slo:    slov1connect.NewSLOServiceClient(transport, u.String(), options),
		alert:  alertv1connect.NewAlertServiceClient(transport, u.String(), options),
		tune:   tunev1connect.NewTuneServiceClient(transport, u.String(), options),
		status: statusv1connect.NewStatusServiceClient(transport, u.String(), options),
	}, nil
}

// token reads the token file; no file named is no token.
func (c *connection) token() (string, error) {
	path := firstOf(c.tokenFile, os.Getenv(tokenFileEnv))
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", withExit(exitUsage, fmt.Errorf("reading the token: %w", err))
	}
	return strings.TrimSpace(string(data)), nil
}

// explain gives an error of a call its exit code and says what to do about it.
func (c *connection) explain(err error) error {
	var answer *connect.Error
	if err == nil || !errors.As(err, &answer) {
		return err
	}
	if !connect.IsWireError(err) {
		return c.unreachable(answer)
	}
	switch answer.Code() {
	case connect.CodeUnauthenticated, connect.CodePermissionDenied:
		return withExit(exitUsage, fmt.Errorf("%s; name %s.token of the analyzer's state folder with --token-file or %s",
			clean(answer.Message()), c.tokenRole, tokenFileEnv))
	case connect.CodeInvalidArgument, connect.CodeNotFound:
		return withExit(exitUsage, errors.New(clean(answer.Message())))
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded:
		return withExit(exitUnavailable, fmt.Errorf("the analyzer cannot answer: %s", clean(answer.Message())))
	case connect.CodeFailedPrecondition:
		return errors.New(clean(answer.Message()))
	}
	return fmt.Errorf("the analyzer at %s: %s (%s)", c.address(), clean(answer.Message()), answer.Code())
}

// unreachable explains a call that never got an answer of the API.
func (c *connection) unreachable(err *connect.Error) error {
	switch err.Code() {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded:
		return withExit(exitUnavailable, fmt.Errorf("no analyzer answers at %s (%s): start one with \"plimsoll analyzer run\", or name another with --url",
			c.address(), clean(err.Message())))
	case connect.CodeCanceled:
		return errors.New("interrupted")
	}
	return withExit(exitUnavailable, fmt.Errorf("what answers at %s is no analyzer (%s): name another address with --url", c.address(), clean(err.Message())))
}

// firstOf returns the first value that is not empty.
func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
