package config

import (
	"fmt"

	telemetryv1 "istio.io/api/telemetry/v1"
	"istio.io/api/telemetry/v1alpha1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// telemetries is one Telemetry object.
type telemetries struct {
	*object
	labels map[string]string // none: the whole namespace, or mesh
	spec   *telemetryv1.Telemetry
}

func readTelemetry(o *object) (*telemetries, error) {
	spec := o.spec.(*telemetryv1.Telemetry)
	f := findings{object: o}
	for i, t := range spec.GetTracing() {
		if t.GetRandomSamplingPercentage() != nil {
			f.percent(t.GetRandomSamplingPercentage().GetValue(), fmt.Sprintf("tracing[%d].randomSamplingPercentage", i))
		}
	}
	if len(spec.GetTracing()) > 1 {
		f.bad("tracing[1]", "a second entry is %s", unsupported)
	}
	return &telemetries{object: o, labels: spec.GetSelector().GetMatchLabels(), spec: spec}, f.errs.Err()
}

// telemetryOf composes mesh, namespace and workload; what a narrower one does
// not set it inherits.
func (c *Config) telemetryOf(w *model.Workload) model.Telemetry {
	var out model.Telemetry
	for rank := 1; rank <= 3; rank++ {
		for _, t := range c.telemetries {
			if scope(t.object, t.labels, w, c.rootNamespace()) == rank {
				t.lay(&out)
				break
			}
		}
	}
	return out
}

func (t *telemetries) lay(over *model.Telemetry) {
	for _, tracing := range t.spec.GetTracing() {
		if p := tracing.GetRandomSamplingPercentage(); p != nil {
			percent := p.GetValue()
			over.Sampling = &percent
		}
		if d := tracing.GetDisableSpanReporting(); d != nil {
			over.NoSpans = d.GetValue()
		}
	}
	for _, log := range t.spec.GetAccessLogging() {
		off := log.GetDisabled().GetValue()
		if mode := log.GetMatch().GetMode(); mode != v1alpha1.WorkloadMode_SERVER {
			over.NoClientLog = off
		}
		if mode := log.GetMatch().GetMode(); mode != v1alpha1.WorkloadMode_CLIENT {
			over.NoInboundLog = off
		}
	}
}
