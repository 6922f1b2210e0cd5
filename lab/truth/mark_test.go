package truth

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// TestMark: the request arrives with its id and without a body, and when its
// kept-alive connection breaks it is not sent again.
func TestMark(t *testing.T) {
	l, _ := ledger()
	var broken atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.Arrived(r.Header.Get(CallHeader), back1)
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("%s has a body: length %d, encoding %v", r.Method, r.ContentLength, r.TransferEncoding)
		}
		if r.URL.Path == "/broken" {
			broken.Add(1)
			panic(http.ErrAbortHandler)
		}
	}))
	defer srv.Close()
	client := srv.Client()
	send := func(method, path string) error {
		call := toBack(l)
		req, err := http.NewRequest(method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		call.Mark(req)
		resp, err := client.Do(req)
		if err != nil {
			call.End(0)
			return err
		}
		defer resp.Body.Close()
		call.End(resp.StatusCode)
		return nil
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodDelete} {
		if err := send(method, "/"); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	if err := send(http.MethodGet, "/broken"); err == nil {
		t.Error("no error from a broken connection")
	}
	if n := broken.Load(); n != 1 {
		t.Errorf("the request was sent %d times, want once", n)
	}
	if e := l.Snapshot().Edges[0]; e.Requests != 5 || e.Attempts != 5 || e.Failures != 1 {
		t.Errorf("the ledger has %+v", e)
	}
}
