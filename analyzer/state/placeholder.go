package state

import (
	"strconv"
	"strings"
)

// numbered rewrites the parameters of a query from SQLite's form, ? or ?12, to
// PostgreSQL's, $1. What stands in strings, quoted names and line comments
// stays.
func numbered(query string) string {
	if !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	count := 0
	for i := 0; i < len(query); {
		if skip := quoted(query[i:]); skip > 0 {
			b.WriteString(query[i : i+skip])
			i += skip
			continue
		}
		if query[i] != '?' {
			b.WriteByte(query[i])
			i++
			continue
		}
		i++
		digits := len(query[i:]) - len(strings.TrimLeft(query[i:], "0123456789"))
		b.WriteByte('$')
		if digits > 0 {
			b.WriteString(query[i : i+digits])
			i += digits
			continue
		}
		count++
		b.WriteString(strconv.Itoa(count))
	}
	return b.String()
}

// quoted returns the length of the string, quoted name or comment that a text
// begins with, 0 if it begins with none.
func quoted(text string) int {
	var end string
	switch {
	case text[0] == '\'' || text[0] == '"':
		end = text[:1]
	case strings.HasPrefix(text, "--"):
		end = "\n"
	default:
		return 0
	}
	n := strings.Index(text[1:], end)
	if n < 0 {
		return len(text)
	}
	return n + 1 + len(end)
}
