package rows

import (
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// direction tells on which side of the workload the proxy saw the request.
type direction uint8

const (
	unknownDirection direction = iota
	inbound
	outbound
)

// directionOf takes the tag's word, else that of the cluster name, which Istio
// and the own mesh begin with "inbound|" and "outbound|".
func directionOf(c *wire.Common) direction {
	switch {
	case c.Tags.Direction == "inbound":
		return inbound
	case c.Tags.Direction == "outbound":
		return outbound
	case strings.HasPrefix(c.Cluster, "inbound|"):
		return inbound
	case strings.HasPrefix(c.Cluster, "outbound|"):
		return outbound
	}
	return unknownDirection
}

// vantage of a request seen in this direction; gateway says that the reporter
// is one.
func (d direction) vantage(gateway bool) record.Vantage {
	switch {
	case d == outbound:
		return record.VantageClient
	case gateway:
		return record.VantageGateway
	}
	return record.VantageServer
}
