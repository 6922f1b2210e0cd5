package blockrelay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// storeTimeout bounds how long a block may wait for the store. It is shorter than
// the patience of senders, so that they hear why.
const storeTimeout = 20 * time.Second

// handler answers senders.
type handler struct {
	sink      Sink
	secret    *relay.Secret // nil: the socket's permissions say who may send
	log       *zap.Logger
	telemetry *telemetry
	tokens    *tokens
	budget    *budget
	gate      *gate

	inHand sync.RWMutex // read-locked by each request
}

// wait returns when no request is in hand.
func (h *handler) wait() {
	h.inHand.Lock()
	defer h.inHand.Unlock()
}

func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+relay.AboutPath, h.about)
	mux.HandleFunc("POST "+relay.BlocksPath, h.block)
	return h.admit(mux)
}

// admit turns strangers away before anything of them is read.
func (h *handler) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.inHand.RLock()
		defer h.inHand.RUnlock()
		if h.secret != nil && !h.secret.Matches(r) {
			h.refuse(w, r, relay.Unauthorized())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *handler) about(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(relay.About{Schema: schema.Version})
}

// block takes one block, and answers 200 when it is durable.
func (h *handler) block(w http.ResponseWriter, r *http.Request) {
	again, rows, err := h.take(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.telemetry.accepted(r.Header.Get(relay.HeaderTable), rows, r.ContentLength, again)
	w.WriteHeader(http.StatusOK)
}

// take reads, checks and stores the block of a request. It returns again if the
// block was here before.
func (h *handler) take(r *http.Request) (again bool, rows uint32, err error) {
	b, crc, err := relay.ReadHeader(r.Header)
	if err == nil {
		err = relay.CheckHeader(b)
	}
	if err != nil {
		return false, 0, err
	}
	release, err := h.reserve(r)
	if err != nil {
		return false, 0, err
	}
	defer release()
	if b.Body, err = body(r); err != nil {
		return false, 0, err
	}
	if err := relay.CheckBody(b, crc); err != nil {
		return false, 0, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	again, err = h.store(ctx, b)
	return again, b.Rows, err
}

// reserve makes sure that there is room for the body, in memory and in the store.
func (h *handler) reserve(r *http.Request) (release func(), err error) {
	n := r.ContentLength
	switch {
	case n < 0:
		return nil, &relay.Refusal{Status: http.StatusLengthRequired, Reason: "the request has no Content-Length"}
	case n > maxBody:
		return nil, relay.TooLarge(maxBody)
	case !h.sink.Room():
		return nil, relay.Busy("the store takes no blocks at present and the log of this collector is full")
	case !h.budget.take(n):
		return nil, relay.Busy("too many blocks arrive at a time")
	}
	return func() { h.budget.give(n) }, nil
}

// body reads a body of the announced length.
func body(r *http.Request) ([]byte, error) {
	b := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, b); err != nil {
		return nil, &relay.Refusal{Status: http.StatusRequestTimeout, Reason: "the body did not arrive in time, or is cut off"}
	}
	return b, nil
}

// store hands the block over, once.
func (h *handler) store(ctx context.Context, b wal.Block) (again bool, err error) {
	again, err = h.tokens.claim(ctx, b.Token)
	if err != nil {
		return false, relay.Busy("another copy of this block is being stored")
	}
	if again {
		return true, nil
	}
	defer func() { h.tokens.settle(b.Token, err == nil) }()
	if b.Table == schema.HeartbeatsIn().Name {
		if err := h.gate.pass(ctx); err != nil {
			return false, relay.Busy("heartbeats wait: rows that came before are not stored yet")
		}
	}
	switch err := h.sink.Block(ctx, b); {
	case errors.Is(err, ingest.ErrUnfit):
		return false, relay.Unfit(err)
	case err != nil:
		h.log.Warn("a block could not be made durable, its sender keeps it", zap.String("table", b.Table), zap.String("token", b.Token), zap.Error(err))
		return false, relay.Busy("the block could not be made durable")
	}
	return false, nil
}

// refuse answers with a refusal. What the sender must hear, since it will not
// come again, is said after its body was read: an answer to somebody who is still
// writing can get lost with the connection.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *relay.Refusal
	if !errors.As(err, &refusal) {
		refusal = relay.Busy(err.Error())
	}
	h.telemetry.refused(refusal.Status)
	if refusal.Permanent() {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
		h.log.Error("a block is unfit, its sender puts it into quarantine", zap.String("sender", r.RemoteAddr),
			zap.String("token", shorten(r.Header.Get(relay.HeaderToken))), zap.String("reason", refusal.Reason))
	}
	refusal.Write(w)
}

// shorten keeps a stranger from filling the log.
func shorten(text string) string { return text[:min(len(text), 80)] }
