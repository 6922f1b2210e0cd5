package engine_test

import (
	"net/http"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// TestEngineKeepsItsCaps asks the engine itself, then reaches for more: of one
// query, and of many that each stay within their share.
func TestEngineKeepsItsCaps(t *testing.T) {
	e := enginetest.StartIn(t, enginetest.Dir(t), func(c *engine.Config) { c.Memory = 400 << 20 })
	if got := ask(t, e, "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"); got != "419430400" {
		t.Errorf("cap of the engine = %s", got)
	}
	if got := ask(t, e, "SELECT getSetting('max_memory_usage'), getSetting('max_bytes_before_external_group_by')"); got != "209715200\t104857600" {
		t.Errorf("share of a query = %s", got)
	}
	const greedy = "SELECT length(groupArray(number)) FROM numbers(100000000)"
	for range 3 { // what was taken is given back each time
		if r := enginetest.Post(t, e.Socket, greedy, ""); r.Header.Get("X-ClickHouse-Exception-Code") != "241" {
			t.Errorf("a query beyond its share: %d %q", r.Status, r.Body)
		}
	}
	// A client may lift its own share, and not the engine's cap.
	if r := enginetest.Post(t, e.Socket, greedy, "?max_memory_usage=0"); r.Header.Get("X-ClickHouse-Exception-Code") != "241" {
		t.Errorf("a query beyond the cap: %d %q", r.Status, r.Body)
	}
	if r := enginetest.Post(t, e.Socket, "SELECT length(groupArray(number)) FROM numbers(1000000)", ""); r.Status != http.StatusOK {
		t.Errorf("a modest query afterwards: %d %q", r.Status, r.Body)
	}
}
