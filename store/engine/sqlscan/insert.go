package sqlscan

import "strings"

// DefaultInsertFormat is the format of data without a FORMAT clause.
const DefaultInsertFormat = "Values"

// parseInsert splits "INSERT INTO [TABLE] [FUNCTION] name [(columns)] [SETTINGS …]
// {FORMAT name | VALUES | SELECT …} data" behind its INSERT. Key words are only
// looked for behind the name, which may be called VALUES itself.
func parseInsert(st Statement, scanner *Scanner) (Statement, error) {
	if !skipTarget(scanner) {
		return st, nil // the engine says what is missing
	}
	for token, ok := scanner.Next(); ok; token, ok = scanner.Next() {
		switch {
		case token.Depth > 0:
		case token.Is("VALUES"):
			return st.withData(token.Start, token.End, DefaultInsertFormat), nil
		case token.Is("FORMAT"):
			if name, ok := scanner.Next(); ok && name.Kind == Word {
				return st.withData(token.Start, name.End, name.Text), nil
			}
		case token.Is("SELECT"), token.Is("WITH"), token.Is("FROM"), token.Is("WATCH"), token.Is("EXPLAIN"):
			rest, err := parseOther(st, scanner, false)
			rest.Format = "" // of a result that an INSERT does not have
			return rest, err
		case token.Text == ";":
			return parseOther(st, scanner, true)
		}
	}
	// Only a body can tell: data follows, or "INSERT INTO t (SELECT …)" was whole.
	if containsSelect(st.Text) {
		return st, nil
	}
	return st.withData(len(st.Text), len(st.Text), DefaultInsertFormat), nil
}

// skipTarget moves behind the table's name, and reports whether there is one.
func skipTarget(scanner *Scanner) bool {
	token, ok := scanner.Next()
	for ok && (token.Is("INTO") || token.Is("TABLE") || token.Is("FUNCTION")) {
		token, ok = scanner.Next()
	}
	if !ok || token.Kind == Symbol {
		return false
	}
	if peekIs(*scanner, ".") {
		scanner.Next()
		token, ok = scanner.Next()
	}
	return ok && token.Kind != Symbol
}

// peekIs reports the next token of a copy of the scanner.
func peekIs(scanner Scanner, text string) bool {
	token, ok := scanner.Next()
	return ok && token.Text == text
}

// containsSelect reports a SELECT inside of brackets.
func containsSelect(text string) bool {
	scanner := NewScanner(text)
	for token, ok := scanner.Next(); ok; token, ok = scanner.Next() {
		if token.Is("SELECT") {
			return true
		}
	}
	return false
}

// withData cuts the statement: head before headEnd, data from dataStart on. White
// space between the clause and the data, and a lone final ";", belong to neither.
func (s Statement) withData(headEnd, dataStart int, format string) Statement {
	s.TakesData, s.Format = true, format
	s.Head = strings.TrimRight(s.Text[:headEnd], " \t\r\n")
	s.Data = strings.TrimLeft(s.Text[dataStart:], " \t\r\n")
	if strings.TrimSpace(s.Data) == ";" {
		s.Data = ""
	}
	return s
}
