package backup

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeEngine answers every statement in the same way.
func fakeEngine(t *testing.T, status int, body string) *client {
	t.Helper()
	dir, err := os.MkdirTemp("", "b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with Close
	}()
	c := newClient(socket)
	t.Cleanup(func() {
		c.close()
		server.Close()
		<-ended
	})
	return c
}

func TestRowsReadsTextOfAnyLength(t *testing.T) {
	long := strings.Repeat("x", 200000)
	rows, err := fakeEngine(t, http.StatusOK, `["a","1"]`+"\n"+`["`+long+`","2"]`+"\n").rows(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"a", "1"}, {long, "2"}}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestRowsReportsWhatTheEngineSays(t *testing.T) {
	tests := []struct {
		status     int
		body, want string
	}{
		{404, "Code: 81. DB::Exception: Database x does not exist. (UNKNOWN_DATABASE) (version 26.7.2.1 (official build))\n", "Code: 81. DB::Exception: Database x does not exist. (UNKNOWN_DATABASE)"},
		{500, "Code: 1. DB::Exception: Bad, Stack trace (when copying this message, always include the lines below):\n\n0. ?\n", "Code: 1. DB::Exception: Bad"},
		{200, "no json\n", "reading the engine's answer: invalid character 'o' in literal null (expecting 'u')"},
	}
	for _, tt := range tests {
		_, err := fakeEngine(t, tt.status, tt.body).rows(t.Context(), "SELECT")
		if err == nil || err.Error() != tt.want {
			t.Errorf("error = %v, want %s", err, tt.want)
		}
	}
	if err := newClient("/nowhere/s").exec(t.Context(), "SELECT"); !errors.Is(err, ErrNoEngine) || !strings.Contains(err.Error(), "/nowhere/s") {
		t.Errorf("error = %v, want ErrNoEngine with the socket", err)
	}
}

func TestQuoting(t *testing.T) {
	if got, want := file(`it's \ here`), `File('it\'s \\ here')`; got != want {
		t.Errorf("file = %s, want %s", got, want)
	}
	if got, want := name("we`ird \\"), "`we\\`ird \\\\`"; got != want {
		t.Errorf("name = %s, want %s", got, want)
	}
}
