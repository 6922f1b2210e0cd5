package httpd

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/lease"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// Bounds of session_timeout, those of a server's default configuration.
const (
	defaultSessionTimeout = time.Minute
	maxSessionTimeout     = time.Hour
)

// clientSession is what session_id and its companions ask for.
type clientSession struct {
	id     string // "": none
	create bool   // session_check is not set
	idle   time.Duration
	// reads restricts the statement to reading. In a session it cannot be the
	// setting readonly, which nothing could take back.
	reads bool
}

// parseSession reads session_id, session_timeout, session_check, close_session.
func parseSession(values url.Values) (clientSession, error) {
	s := clientSession{id: values.Get("session_id"), create: !flag(values, "session_check"), idle: defaultSessionTimeout}
	if text := values.Get("session_timeout"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return s, exceptionf(codeInvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", "Invalid session timeout: '%s'", text)
		}
		s.idle = time.Duration(seconds) * time.Second
	}
	if s.idle > maxSessionTimeout {
		return s, exceptionf(codeInvalidSessionTimeout, "INVALID_SESSION_TIMEOUT",
			"Session timeout %v is larger than the maximum of %v", s.idle, maxSessionTimeout)
	}
	if flag(values, "close_session") {
		s.idle = 0
	}
	return s, nil
}

// loan is a connection for one request, and the way back.
type loan struct {
	conn  *pool.Conn
	named *pool.Named // nil without session_id
}

// borrow gets a connection that carries the request's session and its external
// tables.
func (h *Handler) borrow(ctx context.Context, req *request) (*loan, error) {
	l := &loan{}
	var err error
	if req.client.id == "" {
		l.conn, err = h.pool.Get(ctx, req.session)
	} else if l.named, err = h.pool.GetNamed(ctx, req.client.id, req.client.create); err == nil {
		l.conn = l.named.Conn
	}
	if err != nil {
		return nil, sessionError(err)
	}
	if err := l.prepare(req); err != nil {
		l.giveBack(req, false)
		return nil, err
	}
	return l, nil
}

func (l *loan) prepare(req *request) error {
	if l.named != nil {
		if err := l.named.Apply(req.lasting()); err != nil {
			return err
		}
	}
	if req.client.reads {
		if err := mustRead(l.conn, req.statement.Text); err != nil {
			return err
		}
	}
	for _, table := range req.external {
		if l.named != nil {
			l.named.DropTable(table.name)
		}
		if err := table.load(l.conn); err != nil {
			return err
		}
	}
	return nil
}

func mustRead(conn *pool.Conn, sql string) error {
	reads, err := conn.ReadsOnly(sql)
	if err == nil && !reads {
		err = exceptionf(codeReadonly, "READONLY", "Cannot execute query in readonly mode: the request is a GET or sets readonly, and names a session")
	}
	return err
}

// giveBack returns the connection. reuse reports that the statement went well.
func (l *loan) giveBack(req *request, reuse bool) {
	if l.named != nil {
		l.named.Release(req.client.idle)
		return
	}
	l.conn.Release(reuse && req.reusable())
}

// sessionError gives refusals of a session the codes of a server.
func sessionError(err error) error {
	var e *chdb.Exception
	switch {
	case errors.As(err, &e):
		return err
	case errors.Is(err, lease.ErrMissing):
		return exceptionf(codeSessionNotFound, "SESSION_NOT_FOUND", "%v", err)
	case errors.Is(err, lease.ErrBusy):
		return exceptionf(codeSessionIsLocked, "SESSION_IS_LOCKED", "%v", err)
	case errors.Is(err, lease.ErrFull):
		return exceptionf(codeTooManyQueries, "TOO_MANY_SIMULTANEOUS_QUERIES", "%v: end one with close_session=1, or wait for its session_timeout", err)
	}
	return err
}
