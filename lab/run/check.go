package run

import (
	"errors"
	"fmt"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/expect"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// CheckSLOs judges OpenSLO documents as the analyzer will. The lab may not know
// the analyzer, so whoever runs it brings this along.
type CheckSLOs func([]yamlfile.Doc) error

// Check finds what is wrong with a scenario beyond what its own reader sees:
// mesh objects that the mesh refuses, objectives that the analyzer refuses,
// expectations that do not compile. Warnings do not keep it from being run.
func Check(s *scenario.Scenario, slos CheckSLOs) (warnings []string, err error) {
	workloads, err := buildWorkloads(s, &ports{next: DefaultBasePort})
	if err != nil {
		return nil, err
	}
	c := &checker{scenario: s, workloads: workloads}
	c.mesh(s.Mesh)
	for _, a := range s.Timeline {
		if a.Do == scenario.Apply {
			c.mesh(a.Mesh)
		}
	}
	if slos != nil {
		c.add(slos(docs(s.SLOs)))
	}
	c.expectations()
	return c.warnings, errors.Join(c.errs...)
}

// checker collects what Check finds.
type checker struct {
	scenario  *scenario.Scenario
	workloads []*model.Workload
	warnings  []string
	errs      []error
}

func (c *checker) add(err error) {
	if err != nil {
		c.errs = append(c.errs, err)
	}
}

func (c *checker) mesh(sources []scenario.Source) {
	_, warnings, err := buildMesh(c.scenario.Name, c.workloads, sources)
	c.add(err)
	for _, w := range warnings {
		c.warnings = append(c.warnings, w.Error())
	}
}

func (c *checker) expectations() {
	judge, err := expect.New()
	if err != nil {
		c.add(err)
		return
	}
	for _, e := range c.scenario.Expect {
		if err := judge.Check(e.That); err != nil {
			c.add(fmt.Errorf("%s:%d: expect: %w", c.scenario.File, e.Line, err))
		}
	}
}

// refuseImpossible names what the options rule out in an otherwise good scenario.
func refuseImpossible(o Options) error {
	for i, a := range o.Scenario.Timeline {
		if a.Do == scenario.StoreKill && o.Store != "" {
			return fmt.Errorf("%s: timeline[%d]: store_kill kills the embedded engine only; leave out --store, or the action", o.Scenario.File, i)
		}
	}
	return nil
}

func docs(sources []scenario.Source) []yamlfile.Doc {
	list := make([]yamlfile.Doc, len(sources))
	for i, s := range sources {
		list[i] = s.Doc
	}
	return list
}
