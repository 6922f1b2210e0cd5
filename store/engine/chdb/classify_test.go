package chdb_test

import "testing"

func TestReadsOnly(t *testing.T) {
	conn := connect(t)
	for sql, want := range map[string]bool{
		"SELECT 1":                          true,
		"  /* x */ (SELECT 1)":              true,
		"WITH 1 AS a SELECT a":              true,
		"SHOW TABLES":                       true,
		"EXPLAIN SELECT 1":                  true,
		"DESCRIBE TABLE system.one":         true,
		"SELECT 1 INTO OUTFILE 'x'":         false,
		"SELECT 1; SELECT 2":                false,
		"SET max_threads = 1":               false,
		"USE system":                        false,
		"INSERT INTO t VALUES (1)":          false,
		"CREATE TEMPORARY TABLE t (a Int8)": false,
		"DROP TABLE t":                      false,
		"KILL QUERY WHERE 1":                false,
		"SYSTEM FLUSH LOGS":                 false,
		"":                                  false,
	} {
		if got, err := conn.ReadsOnly(sql); err != nil || got != want {
			t.Errorf("ReadsOnly(%q) = %v, %v, want %v", sql, got, err, want)
		}
	}
	conn.Close()
	if _, err := conn.ReadsOnly("SELECT 1"); err == nil {
		t.Error("a closed connection classified a statement")
	}
}
