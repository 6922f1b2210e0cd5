package sqlscan

import "strings"

// skipBlank moves behind white space and comments.
func (s *Scanner) skipBlank() {
	for s.pos < len(s.text) {
		rest := s.text[s.pos:]
		switch {
		case strings.IndexByte(" \t\n\v\f\r\x00", rest[0]) >= 0:
			s.pos++
		case startsLineComment(rest):
			s.skipLine()
		case strings.HasPrefix(rest, "/*"):
			s.skipBlockComment()
		default:
			return
		}
	}
}

// startsLineComment knows "--", and "#" when a space or "!" follows.
func startsLineComment(s string) bool {
	return strings.HasPrefix(s, "--") || strings.HasPrefix(s, "# ") || strings.HasPrefix(s, "#!")
}

func (s *Scanner) skipLine() {
	if n := strings.IndexByte(s.text[s.pos:], '\n'); n >= 0 {
		s.pos += n + 1
		return
	}
	s.pos = len(s.text)
}

// skipBlockComment moves behind a comment; comments nest, as in the SQL standard.
func (s *Scanner) skipBlockComment() {
	depth := 0
	for s.pos < len(s.text) {
		switch {
		case strings.HasPrefix(s.text[s.pos:], "/*"):
			depth++
			s.pos += 2
		case strings.HasPrefix(s.text[s.pos:], "*/"):
			depth--
			s.pos += 2
			if depth == 0 {
				return
			}
		default:
			s.pos++
		}
	}
}
