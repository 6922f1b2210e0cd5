package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
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

// insertSettings are pinned on every insert, since servers differ in their
// defaults and users change them.
func insertSettings() map[string]string {
	return map[string]string{
		"decompress":   "1", // the body is in ClickHouse's own compressed frames
		"async_insert": "0", // 200 means stored, not queued

		"insert_deduplicate": "1",
		"deduplicate_blocks_in_dependent_materialized_views": "1", // else a retry after a failed view counts twice

		"input_format_skip_unknown_fields": "0", // else an unknown column is dropped in silence
		"max_insert_threads":               "1",
		"wait_end_of_query":                "1", // the status is the result, not the first impression
	}
}

// inserter posts sealed blocks to the store's HTTP interface.
type inserter struct {
	client *http.Client
	url    url.URL
	dsn    query.DSN
	insert map[string]string // statement by table
}

func newInserter(dsn query.DSN) *inserter {
	i := &inserter{dsn: dsn, url: *dsn.Endpoint(), insert: map[string]string{}}
	for _, t := range schema.Tables() {
		i.insert[t.Name] = t.Insert()
	}
	i.client = &http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dsn.Dial(ctx) },
		MaxIdleConnsPerHost: len(i.insert),
		IdleConnTimeout:     insertTimeout,
		DisableCompression:  true,
	}}
	return i
}

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
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorText))
	if err != nil {
		return fmt.Errorf("reading the answer to an insert: %w", err)
	}
	return verdict(resp.StatusCode, resp.Header.Get("X-ClickHouse-Exception-Code"), string(text))
}

func (i *inserter) address(b *sealed) string {
	q := url.Values{}
	for name, value := range insertSettings() {
		q.Set(name, value)
	}
	q.Set("database", i.dsn.Database)
	q.Set("query", i.insert[b.table])
	q.Set("insert_deduplication_token", b.token)
	u := i.url
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
