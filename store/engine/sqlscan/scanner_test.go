package sqlscan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// render writes tokens as "kind:text" with the depth as leading dots.
func render(text string) []string {
	var out []string
	scanner := NewScanner(text)
	for token, ok := scanner.Next(); ok; token, ok = scanner.Next() {
		kind := [...]string{"word", "name", "text", "sign"}[token.Kind]
		out = append(out, strings.Repeat(".", token.Depth)+kind+":"+token.Text)
	}
	return out
}

func TestScannerCutsTokens(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", " \t\r\n", nil},
		{"words and signs", "SELECT a1,b_2", []string{"word:SELECT", "word:a1", "sign:,", "word:b_2"}},
		{"depth", "f(a, [b]) c", []string{"word:f", "sign:(", ".word:a", ".sign:,", ".sign:[", "..word:b", ".sign:]", "sign:)", "word:c"}},
		{"a closing bracket too many", ") a", []string{"sign:)", "word:a"}},
		{"string with the other quotes", `'a "b" ` + "`c`" + `'`, []string{`text:'a "b" ` + "`c`" + `'`}},
		{"escaped quote", `'a\'b' c`, []string{`text:'a\'b'`, "word:c"}},
		{"doubled quote", `'a''b' c`, []string{`text:'a''b'`, "word:c"}},
		{"escaped backslash ends", `'a\\' c`, []string{`text:'a\\'`, "word:c"}},
		{"unterminated string", `'a b`, []string{`text:'a b`}},
		{"unterminated behind a backslash", `'a\`, []string{`text:'a\`}},
		{"names", "\"a b\" `c``d`", []string{`name:"a b"`, "name:`c``d`"}},
		{"heredoc", "$$ a 'b $$ c", []string{"text:$$ a 'b $$", "word:c"}},
		{"heredoc with tag", "$x$ $$ $x$ c", []string{"text:$x$ $$ $x$", "word:c"}},
		{"dollar alone", "$ a", []string{"sign:$", "word:a"}},
		{"heredoc that does not end", "$x$ a", []string{"sign:$", "word:x", "sign:$", "word:a"}},
		{"line comments", "a -- b 'c\nd # e\nf #! g\nh", []string{"word:a", "word:d", "word:f", "word:h"}},
		{"a hash without space is a sign", "a #b", []string{"word:a", "sign:#", "word:b"}},
		{"comment up to the end", "a -- b", []string{"word:a"}},
		{"block comment", "a /* b 'c */ d", []string{"word:a", "word:d"}},
		{"block comments nest", "a /* b /* c */ d */ e", []string{"word:a", "word:e"}},
		{"unterminated block comment", "a /* b", []string{"word:a"}},
		{"slash and star apart", "a / * b", []string{"word:a", "sign:/", "sign:*", "word:b"}},
		{"multi-byte characters are words", "größe = 'ß'", []string{"word:größe", "sign:=", "text:'ß'"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, render(tt.text)); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzScanner checks that tokens lie in the text in order, that only blanks and
// comments lie between them, and that brackets balance as counted by hand.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		"SELECT 1", "'a\\'b' \"c\" `d`", "$a$ x $a$", "/* /* */ */ -- x\n# y", "((([", "\x00\xff", "'\\", "$", "/*", "a/*b*/c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scanner, end := NewScanner(text), 0
		for token, ok := scanner.Next(); ok; token, ok = scanner.Next() {
			if token.Start < end || token.End <= token.Start || token.End > len(text) {
				t.Fatalf("token %+v after offset %d in %d bytes", token, end, len(text))
			}
			if token.Text != text[token.Start:token.End] {
				t.Fatalf("token %+v is not what the text holds", token)
			}
			if token.Depth < 0 {
				t.Fatalf("negative depth: %+v", token)
			}
			if gap := text[end:token.Start]; len(render(gap)) > 0 && !strings.Contains(gap, "/*") {
				t.Fatalf("tokens were skipped in %q", gap)
			}
			end = token.End
		}
	})
}
