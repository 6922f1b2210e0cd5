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
	"sync"
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

// inserter posts sealed blocks to the HTTP interfaces of the store's servers.
type inserter struct {
	// migrating is held while tables and views are made: a block that came in
	// between would be missing from those that come last.
	migrating sync.RWMutex

	shards    []*shard
	rendering schema.Rendering
	options   schema.Options // of the migration
}

// shard is the servers that hold the same rows.
type shard struct {
	replicas []*server
	current  atomic.Uint32 // the one that is tried first
}

// server is one server of ClickHouse.
type server struct {
	client   *http.Client
	text     string // its DSN
	dsn      query.DSN
	insert   map[string]string // statement by table
	settings atomic.Pointer[map[string]string]
	learned  atomic.Bool // whether settings are this server's
}

func newInserter(text string) (*inserter, error) {
	shards, rendering, err := parseShards(text)
	if err != nil {
		return nil, err
	}
	i := &inserter{rendering: rendering, options: schema.Options{Rendering: rendering}}
	for _, texts := range shards {
		s := &shard{}
		for _, text := range texts {
			one, err := newServer(text)
			if err != nil {
				return nil, err
			}
			s.replicas = append(s.replicas, one)
		}
		i.shards = append(i.shards, s)
	}
	return i, nil
}

func newServer(text string) (*server, error) {
	dsn, err := query.ParseDSN(text)
	if err != nil {
		return nil, err
	}
	s := &server{text: text, dsn: dsn, insert: map[string]string{}}
	for _, t := range schema.Tables() {
		s.insert[t.Name] = t.Insert()
	}
	s.pin(pinnedSettings())
	s.client = &http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dsn.Dial(ctx) },
		MaxIdleConnsPerHost: len(s.insert),
		IdleConnTimeout:     insertTimeout,
		DisableCompression:  true,
	}}
	return s, nil
}

// prepare migrates the store, and learns which settings the inserts of each
// server need. Of a cluster any server may be away: one that answers does the
// migration, and the settings of the others are learned before their first
// insert.
func (i *inserter) prepare(ctx context.Context) error {
	i.migrating.Lock()
	defer i.migrating.Unlock()
	var errs []error
	migrated := false
	for _, s := range i.servers() {
		if !migrated {
			if err := schema.Ensure(ctx, s.text, i.options); err != nil {
				errs = append(errs, err)
				continue
			}
			migrated = true
		}
		if err := s.learn(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	if migrated && i.rendering == schema.Cluster {
		return nil
	}
	return errors.Join(errs...)
}

func (i *inserter) servers() (out []*server) {
	for _, s := range i.shards {
		out = append(out, s.replicas...)
	}
	return out
}

// learn asks the server for its settings.
func (s *server) learn(ctx context.Context) error {
	settings, err := settingsFor(ctx, s.text)
	if err != nil {
		return err
	}
	s.pin(settings)
	s.learned.Store(true)
	return nil
}

// pin sets the settings of the inserts from now on.
func (s *server) pin(settings map[string]string) { s.settings.Store(&settings) }

func (i *inserter) shardOf(b *sealed) *shard { return i.shards[int(b.shard)%len(i.shards)] }

// post inserts the block on its shard. It returns nil only if a server said that
// all of it is stored, a *storeError if one refused, and another error if no
// answer came. The replicas of a shard share their memory of tokens, so a block
// whose fate on one is unknown may go to the next.
func (i *inserter) post(ctx context.Context, b *sealed) error {
	i.migrating.RLock()
	defer i.migrating.RUnlock()
	s := i.shardOf(b)
	if len(s.replicas) == 1 {
		return s.replicas[0].post(ctx, b)
	}
	var errs []error
	for range s.replicas {
		n := s.current.Load()
		r := s.replicas[int(n)%len(s.replicas)]
		err := r.postLearned(ctx, b)
		if err == nil || permanent(err) || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
		s.current.CompareAndSwap(n, n+1)
	}
	return errors.Join(errs...)
}

// postLearned is post with the settings that the server needs.
func (s *server) postLearned(ctx context.Context, b *sealed) error {
	if !s.learned.Load() {
		if err := s.learn(ctx); err != nil {
			return err
		}
	}
	return s.post(ctx, b)
}

func (s *server) post(ctx context.Context, b *sealed) error {
	return s.postAs(ctx, b, s.insert[b.table], b.insertToken())
}

// insertToken is the token under which the block is inserted. A table that has
// lost a block with the power may still remember the token.
func (b *sealed) insertToken() string {
	if b.suspect {
		return b.token + "-again"
	}
	return b.token
}

// postAs inserts the block's body with another statement or token.
func (s *server) postAs(ctx context.Context, b *sealed, statement, token string) error {
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address(statement, token), bytes.NewReader(b.body))
	if err != nil {
		return fmt.Errorf("making insert request: %w", err)
	}
	if user, password := s.dsn.Credentials(); user != "" {
		req.Header.Set("X-ClickHouse-User", user)
		req.Header.Set("X-ClickHouse-Key", password)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("posting a block to %s: %w", s.dsn, cause(err))
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

func (s *server) address(statement, token string) string {
	q := url.Values{}
	for name, value := range *s.settings.Load() {
		q.Set(name, value)
	}
	q.Set("database", s.dsn.Database)
	q.Set("query", statement)
	q.Set("insert_deduplication_token", token)
	u := s.dsn.Endpoint()
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
func (i *inserter) close() {
	for _, s := range i.servers() {
		s.client.CloseIdleConnections()
	}
}
