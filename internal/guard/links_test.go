package guard

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```|`[^`\n]*`")
	notSlug = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// TestLinksOfThePages follows every relative link of every page, to the file
// and to the heading in it.
func TestLinksOfThePages(t *testing.T) {
	for _, page := range tracked(t, "*.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			} else if anchor != "" && !hasHeading(target, anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", page, m[1], target)
			}
		}
	}
}

// hasHeading tells whether a page has a heading whose anchor, as code hosts
// make it, is the given one, or an explicit one.
func hasHeading(page, anchor string) bool {
	text, err := os.ReadFile(page)
	if err != nil {
		return false
	}
	if strings.Contains(string(text), `id="`+anchor+`"`) || strings.Contains(string(text), `name="`+anchor+`"`) {
		return true
	}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		slug := notSlug.ReplaceAllString(strings.ToLower(m[1]), "")
		if strings.ReplaceAll(slug, " ", "-") == anchor {
			return true
		}
	}
	return false
}
