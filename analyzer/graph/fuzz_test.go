package graph

import (
	"testing"
	"time"
)

// FuzzSplit checks that any window is covered exactly once, whatever its bounds.
func FuzzSplit(f *testing.F) {
	f.Add(int64(0), int64(time.Minute))
	f.Add(int64(-1), int64(1))
	f.Add(int64(1772366389500000), int64(141000000))
	f.Fuzz(func(t *testing.T, fromMicro, lengthMicro int64) {
		const bound = 1 << 52 // ±140 years
		if fromMicro < -bound || fromMicro > bound || lengthMicro < -bound || lengthMicro > bound {
			t.Skip()
		}
		from := time.UnixMicro(fromMicro).UTC()
		to := from.Add(time.Duration(lengthMicro%1e13) * time.Microsecond)
		next := from
		segments := Split(from, to)
		if len(segments) > 7 {
			t.Fatalf("%d segments", len(segments))
		}
		for _, s := range segments {
			if !s.From.Equal(next) || !s.From.Before(s.To) {
				t.Fatalf("segment %v does not start at %s", s, next)
			}
			next = s.To
		}
		if from.Before(to) && !next.Equal(to) || !from.Before(to) && len(segments) > 0 {
			t.Fatalf("[%s, %s) ends at %s", from, to, next)
		}
	})
}

// FuzzParseNode checks that any id gives a node of a known kind that keeps it.
func FuzzParseNode(f *testing.F) {
	for _, id := range []string{"m/c/n/w", "m/c/n/~s", "unknown/n", "external/h", "", "////", "unknown/", "external/a/b", "m/c/n/*", "m/*/*/*", "m/c/*/*", "m/c/n/~s@v1"} {
		f.Add(id)
	}
	kinds := map[string]bool{kindService: true, kindExternal: true, kindUnknown: true, byNamespace: true, byCluster: true, byMesh: true}
	f.Fuzz(func(t *testing.T, id string) {
		n := parseNode(id)
		if n.Id != id || !kinds[n.Kind] {
			t.Fatalf("node %v of %q", n, id)
		}
		if n.Workload != "" && n.Service != "" {
			t.Fatalf("node %v claims to know the service of a workload", n)
		}
	})
}
