package filexds

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
)

// fileRow is what the test reads of a line of a log file.
type fileRow struct {
	Call       string `json:"call"`
	Attempt    string `json:"attempt"`
	Direction  string `json:"direction"`
	Type       string `json:"type"`
	Flags      string `json:"flags"`
	DurationUS *int64 `json:"duration_us"` // null when no byte was sent downstream
}

// key tells rows of one call apart.
func key(direction, kind, call, attempt string) string {
	return direction + " " + kind + " " + call + " " + attempt
}

// checkFiles sees that the log files hold the stream's rows, each with the same
// duration: time_to_last_downstream_tx_byte, cut to microseconds.
func checkFiles(t *testing.T, p *Plane, proxies []*envoytest.Proxy, rows []envoytest.Row) {
	t.Helper()
	want := map[string]int64{}
	for _, r := range rows {
		common, headers := r.Entry.GetCommonProperties(), r.Entry.GetRequest().GetRequestHeaders()
		k := key(common.GetCustomTags()["mesh.direction"], common.GetAccessLogType().String(), headers["x-mesh-call"], headers["x-envoy-attempt-count"])
		want[k] = -1
		if d := common.GetTimeToLastDownstreamTxByte(); d != nil {
			want[k] = d.AsDuration().Microseconds()
		}
	}
	for _, e := range proxies {
		e.FlushLogs(t)
	}
	var paths []string
	for _, name := range []string{"reviews-v2", "ratings-v1"} {
		at, _ := p.Paths(p.started.Workload("default", name))
		paths = append(paths, at.RequestLog)
		if name == "reviews-v2" {
			paths = append(paths, at.TryLog)
		}
	}
	var got map[string]int64
	for deadline := time.Now().Add(10 * time.Second); len(got) < len(want) && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		got = readLogs(t, paths)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("durations of stream and files:", diff)
	}
}

func readLogs(t *testing.T, paths []string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var r fileRow
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				continue // still being written
			}
			k := key(r.Direction, r.Type, r.Call, r.Attempt)
			out[k] = -1
			if r.DurationUS != nil {
				out[k] = *r.DurationUS
			}
		}
	}
	return out
}
