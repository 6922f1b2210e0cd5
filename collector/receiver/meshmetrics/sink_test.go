package meshmetrics

import "github.com/plimsoll-mesh/plimsoll/collector/extension/meshstore"

// The store extension takes what the receiver makes.
var _ Sink = (*meshstore.Store)(nil)
