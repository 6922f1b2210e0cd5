package yamlfile

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	yamlUnmarshaler = reflect.TypeFor[yaml.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// checkFields reports keys of the document that the type of out does not have,
// keys that stand twice in one mapping and values of a wrong shape.
func (d Doc) checkFields(out any) *checker {
	c := &checker{file: d.File}
	c.check(d.root, reflect.TypeOf(out), "")
	return c
}

type checker struct {
	file       string
	errs       Errors
	mismatches []mismatch
}

func (c *checker) check(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for t.Kind() == reflect.Pointer {
		if t.Implements(yamlUnmarshaler) || t.Implements(textUnmarshaler) {
			return
		}
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(yamlUnmarshaler) || p.Implements(textUnmarshaler) {
		return
	}
	c.checkShape(n, t, path)
	switch {
	case n.Kind == yaml.MappingNode:
		c.checkMapping(n, t, path)
	case n.Kind == yaml.SequenceNode && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		for i, item := range n.Content {
			c.check(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func (c *checker) checkMapping(n *yaml.Node, t reflect.Type, path string) {
	var known map[string]reflect.Type
	if t.Kind() == reflect.Struct {
		known = fieldTypes(t)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if seen[key.Value] {
			c.add(key.Line, at, "key stands twice")
		}
		seen[key.Value] = true
		if key.ShortTag() == "!!merge" {
			c.checkMerge(value, t, path)
			continue
		}
		switch field, ok := known[key.Value]; {
		case ok:
			c.check(value, field, at)
		case t.Kind() == reflect.Map:
			c.check(value, t.Elem(), at)
		case known != nil:
			c.add(key.Line, at, "unknown field"+suggestion(key.Value, known))
		}
	}
}

// checkMerge checks what "<<" merges: a mapping or a list of them, each a part
// of the mapping at path.
func (c *checker) checkMerge(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.SequenceNode {
		c.check(n, t, path)
		return
	}
	for _, item := range n.Content {
		c.check(item, t, path)
	}
}

func (c *checker) add(line int, path, msg string) {
	c.errs = append(c.errs, &Error{File: c.file, Line: line, Field: path, Msg: msg})
}

// fieldTypes lists the keys of a struct as the yaml package names them.
func fieldTypes(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case strings.Contains(options, "inline"):
			for k, v := range fieldTypes(f.Type) {
				fields[k] = v
			}
		case name == "":
			fields[strings.ToLower(f.Name)] = f.Type
		default:
			fields[name] = f.Type
		}
	}
	return fields
}

// suggestion names the known key nearest to a mistyped one, within two edits.
func suggestion(key string, known map[string]reflect.Type) string {
	best, bestDistance := "", 3
	for k := range known {
		if d := distance(key, k); d < bestDistance || d == bestDistance && k < best {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the Levenshtein distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
