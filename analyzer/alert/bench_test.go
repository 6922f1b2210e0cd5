package alert

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
)

// BenchmarkOutbox delivers to a receiver on this machine: claims, HTTP, records.
func BenchmarkOutbox(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer server.Close()
	db, err := state.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	file := filepath.Join(b.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(testSecret), 0o600); err != nil {
		b.Fatal(err)
	}
	target := Target{Name: "a", URL: server.URL, SecretFile: file}
	s, err := newSender(target, nil, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer s.client.CloseIdleConnections()
	l, st := ledger{db: db}, burning(t0, 50)
	for i := range b.N {
		in := Incident{ID: fmt.Sprint(i), SLO: fmt.Sprint(i), Service: "shop", Severity: "page", FiredAt: time.Now(), Notes: explained(st, st.Rows[0])(firing)}
		if err := l.fire(b.Context(), newRouter([]Target{target}), []Incident{in}); err != nil {
			b.Fatal(err)
		}
	}
	d := &dispatcher{ledger: l, target: "a", sender: s, batch: batchSize, log: quiet(), now: time.Now, random: rand.Float64}
	b.ResetTimer()
	for sent := true; sent; {
		if sent, err = d.deliver(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
