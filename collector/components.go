package collector

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"go.opentelemetry.io/collector/component"
)

// Components writes the components of the distribution to w, one per line:
// kind, type, and stability by signal.
func Components(w io.Writer) error {
	f, err := Factories()
	if err != nil {
		return fmt.Errorf("listing components: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KIND\tTYPE\tSTABILITY")
	for _, r := range sorted(f.Receivers) {
		line(t, "receiver", r.Type(), signals{r.LogsStability(), r.MetricsStability(), r.TracesStability()})
	}
	for _, p := range sorted(f.Processors) {
		line(t, "processor", p.Type(), signals{p.LogsStability(), p.MetricsStability(), p.TracesStability()})
	}
	for _, e := range sorted(f.Exporters) {
		line(t, "exporter", e.Type(), signals{e.LogsStability(), e.MetricsStability(), e.TracesStability()})
	}
	for _, e := range sorted(f.Extensions) {
		line(t, "extension", e.Type(), e.Stability())
	}
	return t.Flush()
}

// signals are the stabilities of a component that takes part in pipelines.
type signals struct {
	logs, metrics, traces component.StabilityLevel
}

// String lists the signals that the component has.
func (s signals) String() string {
	text := ""
	for _, signal := range []struct {
		name  string
		level component.StabilityLevel
	}{{"logs", s.logs}, {"metrics", s.metrics}, {"traces", s.traces}} {
		if signal.level == component.StabilityLevelUndefined {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += signal.name + " " + signal.level.String()
	}
	return text
}

func line(w io.Writer, kind string, typ component.Type, stability fmt.Stringer) {
	fmt.Fprintf(w, "%s\t%s\t%s\n", kind, typ, stability)
}

// sorted returns the factories by type. The map holds a factory under its alias,
// too: each is listed once.
func sorted[F component.Factory](factories map[component.Type]F) []F {
	list := slices.SortedFunc(maps.Values(factories), func(a, b F) int {
		return cmp.Compare(a.Type().String(), b.Type().String())
	})
	return slices.CompactFunc(list, func(a, b F) bool { return a.Type() == b.Type() })
}
