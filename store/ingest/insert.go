package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

const (
	// insertTimeout is after how long an insert without answer is given up
	// and sent again.
	insertTimeout = time.Minute
	// maxErrorText bounds how much of an error answer is read.
	maxErrorText = 8 << 10
)

// inserter posts sealed blocks to the store's HTTP interface.
type inserter struct {
	client   *http.Client
	text     string // the DSN as it was given
	dsn      query.DSN
	insert   map[string]string // statement by table
	settings atomic.Pointer[map[string]string]
}

func newInserter(text string) (*inserter, error) {
	dsn, err := query.ParseDSN(text)
	if err != nil {
		return nil, err
	}
	i := &inserter{text: text, dsn: dsn, insert: map[string]string{}}
	for _, t := range schema.Tables() {
		i.insert[t.Name] = t.Insert()
	}
	i.pin(pinnedSettings())
	i.client = &http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dsn.Dial(ctx) },
		MaxIdleConnsPerHost: len(i.insert),
		IdleConnTimeout:     insertTimeout,
		DisableCompression:  true,
	}}
	return i, nil
}

// prepare migrates the store and learns which settings its inserts need.
func (i *inserter) prepare(ctx context.Context) error {
	if err := schema.Ensure(ctx, i.text, schema.Options{}); err != nil {
		return err
	}
	settings, err := settingsFor(ctx, i.text)
	if err != nil {
		return err
	}
	i.pin(settings)
	return nil
}

// pin sets the settings of the inserts from now on.
func (i *inserter) pin(settings map[string]string) { i.settings.Store(&settings) }

// post inserts the block. It returns nil only if the store said that all of it
// is stored, a *storeError if the store refused, and another error if no
// answer came.
func (i *inserter) post(ctx context.Context, b *sealed) error {
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.address(b), bytes.NewReader(b.body))
	if err != nil {
		return fmt.Errorf("making insert request: %w", err)
	}
	if user, password := i.dsn.Credentials(); user != "" {
		req.Header.Set("X-ClickHouse-User", user)
		req.Header.Set("X-ClickHouse-Key", password)
	}
	resp, err := i.client.Do(req)
	if err != nil {
		return fmt.Errorf("posting a block to %s: %w", i.dsn, cause(err))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorText))
	if err != nil {
		return fmt.Errorf("reading the answer to an insert: %w", err)
	}
	return verdict(resp.StatusCode, resp.Header.Get("X-ClickHouse-Exception-Code"), string(text))
}

// cause takes the request's long address off an error.
func cause(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

func (i *inserter) address(b *sealed) string {
	q := url.Values{}
	for name, value := range *i.settings.Load() {
		q.Set(name, value)
	}
	q.Set("database", i.dsn.Database)
	q.Set("query", i.insert[b.table])
	q.Set("insert_deduplication_token", b.token)
	u := i.dsn.Endpoint()
	u.RawQuery = q.Encode()
	return u.String()
}

// verdict reads an answer. An insert has no result, so a body is an error even
// under status 200: that of an exception after the header was sent.
func verdict(status int, code, text string) error {
	text = strings.TrimSpace(text)
	n, _ := strconv.Atoi(code)
	if status == http.StatusOK && n == 0 && text == "" {
		return nil
	}
	return &storeError{status: status, code: n, text: text}
}

// close closes the idle connections.
func (i *inserter) close() { i.client.CloseIdleConnections() }
