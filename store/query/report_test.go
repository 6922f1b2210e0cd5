package query

import "testing"

func TestColumnRatio(t *testing.T) {
	for want, c := range map[float64]ColumnReport{
		0:    {},
		4:    {Compressed: 25, Unpacked: 100},
		0.5:  {Compressed: 100, Unpacked: 50},
		1000: {Compressed: 1, Unpacked: 1000},
	} {
		if got := c.Ratio(); got != want {
			t.Errorf("%+v: ratio %v, want %v", c, got, want)
		}
	}
}

func TestTimeColumn(t *testing.T) {
	columns := func(names ...string) (r TableReport) {
		for _, n := range names {
			r.Columns = append(r.Columns, ColumnReport{Name: n})
		}
		return r
	}
	for want, table := range map[string]TableReport{
		"ts": columns("dst", "ts", "hist"), "start": columns("start", "skew_us"), "": columns("id", "name", "applied_at"),
	} {
		if got := table.timeColumn(); got != want {
			t.Errorf("%+v: time column %q, want %q", table, got, want)
		}
	}
}
