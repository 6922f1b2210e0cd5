package query

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// lifetimeClause is how the server writes the lifetimes of our tables.
var lifetimeClause = regexp.MustCompile(`TTL [^,]* \+ toInterval(Second|Hour|Day)\((\d+)\)`)

// Lifetime returns how long the table keeps a row, 0 for ever.
func (t TableReport) Lifetime() time.Duration {
	m := lifetimeClause.FindStringSubmatch(t.Engine)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(m[2], 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(n) * map[string]time.Duration{"Second": time.Second, "Hour": time.Hour, "Day": day}[m[1]]
}

// Partition returns the longest time that one partition spans, 0 for a table
// without. Parts go as a whole, so a row may outlive its lifetime by as much.
func (t TableReport) Partition() time.Duration {
	switch {
	case strings.Contains(t.Engine, "PARTITION BY toDate("):
		return day
	case strings.Contains(t.Engine, "PARTITION BY toYYYYMM("):
		return 31 * day
	}
	return 0
}
