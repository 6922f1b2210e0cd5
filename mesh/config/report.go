package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Options change how documents are read.
type Options struct {
	// Lenient leaves out, with a warning, what the small mesh does not support,
	// except where that would open what it closes.
	Lenient bool
}

// State is what became of an object.
type State string

// The states.
const (
	Accepted    State = "Accepted"
	Conflicted  State = "Conflicted"  // another object, named in Findings, is there before it
	Unsupported State = "Unsupported" // it says what only Istio can keep
	Invalid     State = "Invalid"     // Istio would refuse it, too
)

// Status is the verdict on one object.
type Status struct {
	Kind, Name, Namespace string // "" where the document does not say
	File                  string
	Line                  int
	State                 State
	Fields                []string        // not supported: refused, or left out by leniency
	Findings              yamlfile.Errors // errors and warnings
}

// Report is what reading gave: a status for every document, and the objects
// that were accepted.
type Report struct {
	Config  *Config
	Objects []Status // in the order of the documents
	errs    yamlfile.Errors
}

// Err returns every finding that refused an object, as yamlfile.Errors; nil if
// all were accepted.
func (r *Report) Err() error { return r.errs.Err() }

// Read reads the documents; an object that is refused does not keep the others
// from being read.
func Read(docs []yamlfile.Doc, o Options) *Report {
	r := &Report{Config: newConfig(), Objects: make([]Status, len(docs))}
	objects := make([]*object, len(docs))
	errs := make([]error, len(docs))
	for i, doc := range docs {
		objects[i], errs[i] = decode(doc, o.Lenient)
	}
	for _, externals := range []bool{true, false} { // others name their hosts
		for i, object := range objects {
			if errs[i] == nil && (object.kind == "ServiceEntry") == externals {
				errs[i] = r.Config.add(object)
			}
		}
	}
	for i, doc := range docs {
		r.errs.Add(r.judge(i, doc, objects[i], errs[i], o))
	}
	r.Config.finish()
	r.overshadow(objects)
	return r
}

// overshadow marks what an older object of the same scope leaves without effect.
// Istio accepts such objects, so it is no error.
func (r *Report) overshadow(objects []*object) {
	losers, warnings := r.Config.overshadowed()
	for n, loser := range losers {
		i := slices.Index(objects, loser)
		r.Objects[i].State = Conflicted
		r.Objects[i].Findings.Add(warnings[n])
	}
	r.Config.warnings.Add(warnings.Err())
	slices.SortStableFunc(r.Config.warnings, compareErrors)
}

// judge writes the status of a document. It returns the error, unless leniency
// makes a warning of it.
func (r *Report) judge(i int, doc yamlfile.Doc, o *object, err error, options Options) error {
	s := Status{File: doc.File, Line: doc.Line(), State: Accepted}
	if o != nil {
		s.Kind, s.Name, s.Namespace = o.kind, o.name, o.namespace
		r.Config.warnings.Add(o.warnings.Err())
		s.Findings = append(s.Findings, o.warnings...)
	}
	s.Findings.Add(err)
	for _, f := range s.Findings {
		if strings.Contains(f.Msg, unsupported) && f.Field != "" {
			s.Fields = append(s.Fields, f.Field)
		}
	}
	switch {
	case err == nil:
	case errors.As(err, &conflict{}):
		s.State = Conflicted
	case len(s.Fields) == len(s.Findings):
		s.State = Unsupported
	default:
		s.State = Invalid
	}
	r.Objects[i] = s
	if options.Lenient && s.State == Unsupported && foreign(s.Fields) {
		r.Config.warnings.Add(err)
		return nil
	}
	return err
}

// foreign tells whether it is the kind as a whole that is not known.
func foreign(fields []string) bool {
	return slices.Equal(fields, []string{"kind"}) || slices.Equal(fields, []string{"apiVersion"})
}
