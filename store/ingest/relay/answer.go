package relay

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Refusal is an answer that is not 200.
type Refusal struct {
	Status int           // of HTTP
	Reason string        // for people, one line
	Wait   time.Duration // before the next try, as the receiver asks for; 0: as the sender likes
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("the central collector answered status %d: %s", r.Status, r.Reason)
}

// Permanent tells whether the same bytes will be refused again, whatever the
// state of the receiver. Everything else passes: a receiver without room, one
// that is older than the sender, refused credentials, an answer that comes from
// somebody else.
func (r *Refusal) Permanent() bool {
	return r.Status == http.StatusBadRequest || r.Status == http.StatusRequestEntityTooLarge
}

// Unfit refuses a block for what it is.
func Unfit(reason error) *Refusal { return unfit("%v", reason) }

func unfit(format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Reason: fmt.Sprintf(format, args...)}
}

// TooLarge refuses a body of more than max bytes.
func TooLarge(max int64) *Refusal {
	return &Refusal{Status: http.StatusRequestEntityTooLarge, Reason: fmt.Sprintf("the body has more than %d bytes", max)}
}

// newer refuses a block for now: it was sealed by a program that knows a newer
// schema than the receiver does, and waits at its sender until that is upgraded.
func newer(theirs, ours uint32) *Refusal {
	return &Refusal{
		Status: http.StatusConflict, Wait: time.Minute,
		Reason: fmt.Sprintf("schema %d is newer than %d, the newest that this collector knows: upgrade this one first, blocks wait at their senders", theirs, ours),
	}
}

// Busy refuses a block for now: there is no room for it.
func Busy(reason string) *Refusal {
	return &Refusal{Status: http.StatusServiceUnavailable, Reason: reason, Wait: time.Second}
}

// Unauthorized refuses a request without the right bearer token.
func Unauthorized() *Refusal {
	return &Refusal{Status: http.StatusUnauthorized, Reason: "the bearer token is missing or wrong"}
}

// Write answers with the refusal.
func (r *Refusal) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int((r.Wait + time.Second - 1).Seconds())))
	}
	if r.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(r.Status)
	fmt.Fprintln(w, r.Reason)
}
