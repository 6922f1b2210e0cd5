package scenario

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// document is the file as written: what Scenario has, and the parts that are a
// string or an object.
type document struct {
	Scenario `yaml:",inline"`
	Mesh     []any    `yaml:"mesh"`
	SLOs     []any    `yaml:"slos"`
	Timeline []action `yaml:"timeline"`
	Expect   []any    `yaml:"expect"`
}

type action struct {
	Action `yaml:",inline"`
	Mesh   []any `yaml:"mesh"`
}

// Read reads the scenario in the file at path.
func Read(path string) (*Scenario, error) {
	docs, err := yamlfile.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, &yamlfile.Error{File: path, Msg: fmt.Sprintf("has %d documents, a scenario is exactly one", len(docs))}
	}
	return Parse(docs[0])
}

// Parse reads a scenario from a document. Files that it names are opened
// relative to the document's own. The error is a yamlfile.Errors with all
// findings.
func Parse(doc yamlfile.Doc) (*Scenario, error) {
	var d document
	var errs yamlfile.Errors
	errs.Add(doc.Decode(&d))
	s := &d.Scenario
	s.File = doc.File
	c := &checker{doc: doc, s: s, known: errs}
	s.Mesh = c.sources("mesh", len(d.Mesh))
	s.SLOs = c.sources("slos", len(d.SLOs))
	for i, a := range d.Timeline {
		a.Action.Mesh = c.sources(fmt.Sprintf("timeline[%d].mesh", i), len(a.Mesh))
		s.Timeline = append(s.Timeline, a.Action)
	}
	s.Expect = c.readExpectations(len(d.Expect))
	c.defaults()
	c.run()
	errs = append(errs, c.errs...)
	slices.SortStableFunc(errs, func(a, b *yamlfile.Error) int {
		if a.File != b.File {
			return 0
		}
		return a.Line - b.Line
	})
	if err := errs.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.Timeline, func(a, b Action) int { return int(a.At.D() - b.At.D()) })
	return s, nil
}

// sources resolves the n entries of a list of files and inline objects.
func (c *checker) sources(path string, n int) []Source {
	var out []Source
	for i := range n {
		at := fmt.Sprintf("%s[%d]", path, i)
		doc, ok := c.doc.Doc(at)
		if !ok {
			continue // null: reported by the reader of the source
		}
		name, isString := doc.IsString()
		if !isString {
			out = append(out, Source{Doc: doc, Inline: true})
			continue
		}
		docs, err := yamlfile.ReadFile(c.relative(name))
		switch {
		case err != nil:
			c.add(at, "%v; name a file relative to the scenario, or write the object here", err)
		case len(docs) == 0:
			c.add(at, "%s holds no YAML document", name)
		}
		for _, d := range docs {
			out = append(out, Source{Doc: d})
		}
	}
	return out
}

// readExpectations reads the n entries of expect: objects, or expressions alone.
func (c *checker) readExpectations(n int) []Expectation {
	var out []Expectation
	for i := range n {
		doc, ok := c.doc.Doc(fmt.Sprintf("expect[%d]", i))
		if !ok {
			continue
		}
		e := Expectation{Line: doc.Line()}
		if text, isString := doc.IsString(); isString {
			e.Name, e.That = text, text
		} else if err := doc.Decode(&e); err != nil {
			c.errs.Add(err)
		}
		out = append(out, e)
	}
	return out
}

func (c *checker) relative(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.doc.File), name)
}
