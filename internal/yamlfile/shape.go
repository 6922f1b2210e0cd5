package yamlfile

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The shapes of YAML values, as a person calls them.
const (
	shapeList    = "a list"
	shapeMapping = "a mapping"
	shapeValue   = "a single value"
)

// mismatch is a value of another shape than its place asks for. The yaml
// package reports it too, in terms of Go.
type mismatch struct {
	line   int
	goType string
}

// reports tells whether text is the yaml package's report of the mismatch.
func (m mismatch) reports(text string) bool {
	return strings.HasPrefix(text, fmt.Sprintf("line %d: cannot unmarshal ", m.line)) &&
		strings.HasSuffix(text, " into "+m.goType)
}

// shapeOf returns the shape of a node; "" for null, which fits everywhere.
func shapeOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return shapeMapping
	case n.Kind == yaml.SequenceNode:
		return shapeList
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
		return shapeValue
	}
	return ""
}

// shapeFor returns the shape that fills a type; "" if any may.
func shapeFor(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return shapeMapping
	case reflect.Slice, reflect.Array:
		return shapeList
	case reflect.Interface:
		return ""
	}
	return shapeValue
}

// checkShape reports a node whose shape does not fit the type.
func (c *checker) checkShape(n *yaml.Node, t reflect.Type, path string) {
	got, want := shapeOf(n), shapeFor(t)
	if got == "" || want == "" || got == want {
		return
	}
	c.add(n.Line, path, got+" stands where "+want+" is expected")
	c.mismatches = append(c.mismatches, mismatch{line: n.Line, goType: t.String()})
}

// reported tells whether the checker has said in plain words what text says.
func (c *checker) reported(text string) bool {
	for _, m := range c.mismatches {
		if m.reports(text) {
			return true
		}
	}
	return false
}
