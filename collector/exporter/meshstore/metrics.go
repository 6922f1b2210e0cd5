package meshstore

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

type metrics struct{ *base }

func newMetrics(b *base) *metrics { return &metrics{b} }

func (e *metrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error { return nil }
