package relay

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay/relaytest"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

const secretText = "0123456789abcdef"

// secretFile writes the bearer token.
func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(secretText), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newTestClient(t *testing.T, address string) *Client {
	t.Helper()
	c, err := NewClient(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// plain runs a server without TLS and returns a client of it.
func plain(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return newTestClient(t, "plimsoll+"+server.URL+"?token_file="+secretFile(t))
}

// TestPost sends a block and looks at what arrives, over each kind of address.
func TestPost(t *testing.T) {
	block := relaytest.Block(t, 1, 2)
	seen := make(chan error, 1)
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- compare(r, block.Body) })
	t.Run("http", func(t *testing.T) {
		c := plain(t, handler)
		if err := errors.Join(c.Post(t.Context(), block), <-seen); err != nil {
			t.Error(err)
		}
	})
	t.Run("https", func(t *testing.T) {
		server := httptest.NewUnstartedServer(handler)
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		server.StartTLS()
		defer server.Close()
		ca := filepath.Join(t.TempDir(), "ca.pem")
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(ca, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := newTestClient(t, "plimsoll+"+server.URL+"?token_file="+secretFile(t)+"&ca_file="+ca)
		if err := errors.Join(c.Post(t.Context(), block), <-seen); err != nil {
			t.Error(err)
		}
		stranger := newTestClient(t, "plimsoll+"+server.URL+"?token_file="+secretFile(t))
		var unknown *tls.CertificateVerificationError
		if err := stranger.Post(t.Context(), block); !errors.As(err, &unknown) {
			t.Errorf("a certificate that nobody vouches for: got error %v", err)
		}
	})
	t.Run("unix", func(t *testing.T) {
		dir, err := os.MkdirTemp("", "relay") // short enough for a socket
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		listener, err := net.Listen("unix", filepath.Join(dir, "s"))
		if err != nil {
			t.Fatal(err)
		}
		server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+secretText) // which a socket does without
			seen <- compare(r, block.Body)
		})}}
		server.Start()
		defer server.Close()
		c := newTestClient(t, "plimsoll+unix://"+filepath.Join(dir, "s"))
		if err := errors.Join(c.Post(t.Context(), block), <-seen); err != nil {
			t.Error(err)
		}
	})
}

// compare returns what is wrong with a request.
func compare(r *http.Request, body []byte) error {
	got, crc, err := ReadHeader(r.Header)
	if err != nil {
		return err
	}
	if got.Body, err = io.ReadAll(r.Body); err != nil {
		return err
	}
	if diff := cmp.Diff(body, got.Body); diff != "" {
		return fmt.Errorf("body (-want +got):\n%s", diff)
	}
	if r.URL.Path != BlocksPath || r.ContentLength != int64(len(body)) || !(Secret{secretText}).Matches(r) {
		return fmt.Errorf("path %s, length %d, headers %v", r.URL.Path, r.ContentLength, r.Header)
	}
	return CheckBody(got, crc)
}

// TestPostRefused has each answer that is not 200, and tells what may be sent
// again.
func TestPostRefused(t *testing.T) {
	for name, test := range map[string]struct {
		refusal   *Refusal
		permanent bool
	}{
		"unfit":     {unfit("no such table"), true},
		"too large": {TooLarge(5), true},
		"newer":     {newer(9, 8), false},
		"busy":      {Busy("full"), false},
		"token":     {Unauthorized(), false},
		"not ours":  {&Refusal{Status: http.StatusBadGateway, Reason: "bad gateway"}, false},
		"moved":     {&Refusal{Status: http.StatusFound, Reason: "elsewhere"}, false},
		"nowhere":   {&Refusal{Status: http.StatusNotFound, Reason: "404 page not found"}, false},
		"no answer": {&Refusal{Status: http.StatusNoContent}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := plain(t, func(w http.ResponseWriter, _ *http.Request) { test.refusal.Write(w) })
			err := c.Post(t.Context(), relaytest.Block(t, 1, 1))
			var got *Refusal
			if !errors.As(err, &got) {
				t.Fatalf("got error %v, want a refusal", err)
			}
			if diff := cmp.Diff(test.refusal, got); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
			if got.Permanent() != test.permanent {
				t.Errorf("permanent: %t", got.Permanent())
			}
		})
	}
}

func TestPostWithoutAnswer(t *testing.T) {
	c := plain(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	err := c.Post(t.Context(), relaytest.Block(t, 1, 1))
	var refusal *Refusal
	if err == nil || errors.As(err, &refusal) || !strings.Contains(err.Error(), "relaying a block to plimsoll+http://127.0.0.1:") {
		t.Errorf("got error %v", err)
	}
	if strings.Contains(err.Error(), "token_file") {
		t.Errorf("the error has parameters: %v", err)
	}
	cut := plain(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "part")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	if err := cut.Post(t.Context(), relaytest.Block(t, 1, 1)); err == nil || !strings.Contains(err.Error(), "reading the answer") {
		t.Errorf("an answer that is cut off: got error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Post(ctx, relaytest.Block(t, 1, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
}

func TestLongWaitIsCapped(t *testing.T) {
	c := plain(t, func(w http.ResponseWriter, _ *http.Request) { (&Refusal{Status: 503, Wait: 24 * time.Hour}).Write(w) })
	var got *Refusal
	if err := c.Post(t.Context(), relaytest.Block(t, 1, 1)); !errors.As(err, &got) || got.Wait != time.Minute {
		t.Errorf("got %+v (%v), want a wait of a minute", got, err)
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   string // "": no error
	}{
		"same":     {fmt.Sprintf(`{"schema":%d}`, schema.Version), ""},
		"newer":    {fmt.Sprintf(`{"schema":%d,"more":1}`, schema.Version+1), ""},
		"older":    {`{"schema":1}`, fmt.Sprintf("schema 1, here %d: %v", schema.Version, ErrOlder)},
		"not ours": {"Ok.\n", "the answer is not that of a relay"},
	} {
		t.Run(name, func(t *testing.T) {
			c := plain(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != AboutPath {
					t.Errorf("%s %s", r.Method, r.URL.Path)
				}
				fmt.Fprint(w, test.answer)
			})
			err := c.Check(t.Context())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
	if err := newTestClient(t, "plimsoll+unix:///nowhere/s").Check(t.Context()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("nobody there: got error %v", err)
	}
}

func TestNewClientErrors(t *testing.T) {
	token, dir := secretFile(t), t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"http://127.0.0.1": "unknown scheme",
		"plimsoll+https://c:1?token_file=" + dir + "/none":                           "reading bearer token",
		"plimsoll+https://c:1?token_file=" + token + "&ca_file=" + dir + "/none.pem": "reading the certificates to trust",
		"plimsoll+https://c:1?token_file=" + token + "&ca_file=" + empty:             "holds none in PEM form",
	} {
		if _, err := NewClient(address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", address, err, want)
		}
	}
}
