package truth

import (
	"io"
	"net/http"
)

// Mark makes a request carry the call's id. It also keeps net/http from sending
// the request a second time by itself, as it does with idempotent ones whose
// kept-alive connection breaks before an answer: the proxy would count two
// calls. A body, even an empty one that cannot be rewound, tells it not to; it
// does not change what is sent.
func (c *Call) Mark(req *http.Request) {
	req.Header.Set(CallHeader, c.ID())
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		if req.Body == nil || req.Body == http.NoBody {
			req.Body = empty{}
		}
	}
}

type empty struct{}

func (empty) Read([]byte) (int, error) { return 0, io.EOF }
func (empty) Close() error             { return nil }
