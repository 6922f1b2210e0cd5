package sqlscan

import "strings"

// Kind is the class of a token.
type Kind int

// The classes that Parse tells apart.
const (
	Word   Kind = iota // bare identifier, keyword or number
	Quoted             // "name" or `name`
	String             // 'text' or $tag$text$tag$
	Symbol             // any other single byte
)

// Token is a piece of a statement between white space and comments.
type Token struct {
	Kind       Kind
	Text       string // as written, with its quotes
	Start, End int    // byte offsets
	Depth      int    // open brackets around it; a bracket itself counts as outside
}

// Is reports whether the token is the given keyword, in upper case.
func (t Token) Is(keyword string) bool {
	return t.Kind == Word && strings.EqualFold(t.Text, keyword)
}

// Scanner cuts a statement into tokens. An unterminated string, name or comment
// extends to the end of the text.
type Scanner struct {
	text  string
	pos   int
	depth int
}

// NewScanner returns a scanner at the start of text.
func NewScanner(text string) *Scanner {
	return &Scanner{text: text}
}

// Next returns the next token; false at the end of the text.
func (s *Scanner) Next() (Token, bool) {
	s.skipBlank()
	if s.pos >= len(s.text) {
		return Token{}, false
	}
	start, kind := s.pos, Symbol
	switch c := s.text[start]; {
	case c == '\'':
		kind = String
		s.skipQuoted(c)
	case c == '"' || c == '`':
		kind = Quoted
		s.skipQuoted(c)
	case c == '$' && s.skipHeredoc():
		kind = String
	case isWordByte(c):
		kind = Word
		for s.pos < len(s.text) && isWordByte(s.text[s.pos]) {
			s.pos++
		}
	default:
		s.pos++
	}
	token := Token{Kind: kind, Text: s.text[start:s.pos], Start: start, End: s.pos, Depth: s.depth}
	if kind == Symbol {
		token.Depth = s.nest(token.Text)
	}
	return token, true
}

// nest follows brackets and returns the depth of the symbol itself.
func (s *Scanner) nest(symbol string) int {
	switch symbol {
	case "(", "[", "{":
		s.depth++
		return s.depth - 1
	case ")", "]", "}":
		s.depth = max(s.depth-1, 0)
	}
	return s.depth
}

// skipQuoted moves behind the closing quote; a backslash escapes the next byte
// and a doubled quote stands for itself, which reads as two adjoining strings.
func (s *Scanner) skipQuoted(quote byte) {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case '\\':
			s.pos++
		case quote:
			s.pos++
			if s.pos >= len(s.text) || s.text[s.pos] != quote {
				return
			}
		}
	}
	s.pos = len(s.text)
}

// skipHeredoc moves behind $tag$ … $tag$ and reports whether there is one.
func (s *Scanner) skipHeredoc() bool {
	n := 1
	for s.pos+n < len(s.text) && isTagByte(s.text[s.pos+n]) {
		n++
	}
	if s.pos+n >= len(s.text) || s.text[s.pos+n] != '$' {
		return false
	}
	tag := s.text[s.pos : s.pos+n+1]
	end := strings.Index(s.text[s.pos+len(tag):], tag)
	if end < 0 {
		return false
	}
	s.pos += end + 2*len(tag)
	return true
}

// isWordByte counts every byte of a multi-byte character as part of a word.
func isWordByte(c byte) bool {
	return isTagByte(c) || c >= 0x80
}

func isTagByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
