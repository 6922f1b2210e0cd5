package rows

import (
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// securityOf tells what protected the connection between the two ends of a
// row: the downstream one of an inbound row, the upstream one of an outbound.
//
// An outbound row knows the server's certificate, not whether its own was asked
// for; a SPIFFE principal there counts as mutual, since meshes that issue one
// ask for both. Where nothing was sent upstream, there was no connection to judge,
// and a proxy that sends none of our tags does not tell.
func securityOf(c *wire.Common, d direction) record.MTLS {
	if d == inbound {
		return grade(c.TLS.Version != 0 || c.Tags.ConnTLS != "", first2(c.TLS.PeerURI, c.Tags.SrcPrincipal))
	}
	if !c.FirstUpstreamTx.Set || c.Tags.Direction == "" {
		return record.MTLSUnknown
	}
	return grade(c.Tags.UpTLS != "", c.Tags.DstPrincipal)
}

func grade(encrypted bool, principal string) record.MTLS {
	switch {
	case !encrypted:
		return record.MTLSNone
	case principal == "":
		return record.MTLSTLS
	}
	return record.MTLSMutual
}
