package sqlscan

import (
	"errors"
	"strings"
)

// ErrSeveral is returned for a text that holds more than one statement.
var ErrSeveral = errors.New("multi-statements are not allowed")

// Statement is what Parse found.
type Statement struct {
	Text string // as given
	// Keyword is the leading keyword in upper case: SELECT, INSERT, CREATE, …;
	// "" when the text holds no token. Opening brackets before it are skipped.
	Keyword string
	// Format is the name after FORMAT: of the result, or of an INSERT's data.
	Format string
	// TakesData reports an INSERT whose rows are data rather than a SELECT. Then
	// Head is the statement up to FORMAT or VALUES, and Data what follows it.
	TakesData  bool
	Head, Data string
}

// Parse reads one statement. The data of an INSERT may be cut off anywhere: it
// is not looked at.
func Parse(text string) (Statement, error) {
	st := Statement{Text: text}
	scanner := NewScanner(text)
	first, ok := scanner.Next()
	for ok && first.Text == "(" {
		first, ok = scanner.Next()
	}
	if !ok {
		return st, nil
	}
	st.Keyword = strings.ToUpper(first.Text)
	if st.Keyword == "INSERT" {
		return parseInsert(st, scanner)
	}
	return parseOther(st, scanner, false)
}

// Reads reports a statement whose rows can be taken as a stream.
func (s Statement) Reads() bool {
	switch s.Keyword {
	case "SELECT", "WITH", "FROM":
		return true
	}
	return false
}

// KeepsSession reports a statement that leaves settings, current database and
// temporary tables of its session as they were.
func (s Statement) KeepsSession() bool {
	switch s.Keyword {
	case "SELECT", "WITH", "FROM", "INSERT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS":
		return true
	}
	return false
}

// parseOther looks for FORMAT at the end, and for a second statement. ended tells
// that the semicolon was seen already.
func parseOther(st Statement, scanner *Scanner, ended bool) (Statement, error) {
	var last [2]Token // the two tokens before the current one
	for token, ok := scanner.Next(); ok; token, ok = scanner.Next() {
		if ended && token.Text != ";" {
			return st, ErrSeveral
		}
		if token.Depth > 0 {
			continue
		}
		if token.Text == ";" {
			ended = true
			continue
		}
		if token.Is("SETTINGS") || token.Is("INTO") {
			st.Format = firstNonEmpty(formatOf(last[0], last[1]), st.Format)
		}
		last = [2]Token{last[1], token}
	}
	st.Format = firstNonEmpty(formatOf(last[0], last[1]), st.Format)
	return st, nil
}

// formatOf returns the format name when two neighbours read "FORMAT name".
func formatOf(keyword, name Token) string {
	if keyword.Is("FORMAT") && name.Kind == Word {
		return name.Text
	}
	return ""
}

func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
