package page

import (
	"bytes"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// nameLabel holds the name of a series among its labels.
const nameLabel = "__name__"

// Series is one sample of a page. A timestamp that it may carry is not read:
// the time of a sample is that of its scrape.
type Series struct {
	Name  string
	Value float64

	parser textparse.Parser
	labels labels.Labels
	parsed bool
}

// next takes the parser's sample. Labels wait until somebody asks: most series
// are recognised by their name as not wanted.
func (s *Series) next() {
	series, _, value := s.parser.Series()
	s.Value, s.parsed = value, false
	name, _, _ := bytes.Cut(series, []byte("{"))
	switch {
	case len(name) == 0: // quoted, among the labels
		s.Name = s.Get(nameLabel)
	case string(name) != s.Name:
		s.Name = string(name)
	}
}

// Get returns the value of a label, "" if the series does not have it.
func (s *Series) Get(name string) string {
	if !s.parsed {
		s.parser.Labels(&s.labels)
		s.parsed = true
	}
	return s.labels.Get(name)
}
