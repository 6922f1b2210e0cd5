package alert

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/format"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// TestPayload holds the bodies that receivers get.
func TestPayload(t *testing.T) {
	in := Incident{ID: "i", SLO: "shop-up", Service: "shop", Severity: slo.Page, FiredAt: t0.Add(7 * time.Second)}
	over := in
	over.ResolvedAt = t0.Add(97 * time.Second)
	empty := burning(t0.Add(90*time.Second), 0)
	empty.Count, empty.Rows[0].Long.Count, empty.Rows[0].Short.Count = slo.Count{}, slo.Count{}, slo.Count{}
	for _, tc := range []struct {
		file  string
		in    Incident
		notes notes
	}{
		{"firing.json", in, explainedRow(burning(t0, 50))},
		{"resolved.json", over, explainedRow(burning(t0.Add(90*time.Second), 0))},
		{"resolved-without-events.json", over, explainedRow(empty)},
		{"retired.json", over, retired(over)},
	} {
		t.Run(tc.file, func(t *testing.T) {
			in := tc.in
			n := in.notice()
			in.Notes = tc.notes(n.Event)
			raw, err := format.Alertmanager.Write("msg_1", "demo", []format.Notice{in.notice()})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			path := filepath.Join("testdata", tc.file)
			golden.Check(t, path, got.Bytes())
		})
	}
}

func explainedRow(st slo.Status) notes { return explained(st, st.Rows[0]) }
