package rows

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// maxAddresses bounds the memo of address texts; a full one starts afresh.
const maxAddresses = 4096

// addresses remembers the text form of upstream addresses. The host of a key is
// owned.
type addresses map[wire.Address]string

// text returns "ip:port", "[ip]:port" or the path of a unix socket; "" for no
// address.
func (m addresses) text(a wire.Address) string {
	if a.Host == "" {
		return ""
	}
	if text, ok := m[a]; ok {
		return text
	}
	if len(m) >= maxAddresses {
		clear(m)
	}
	a.Host = strings.Clone(a.Host)
	text := format(a)
	m[a] = text
	return text
}

func format(a wire.Address) string {
	if a.Pipe {
		return a.Host
	}
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		return netip.AddrPortFrom(ip, uint16(a.Port)).String()
	}
	return a.Host + ":" + strconv.FormatUint(uint64(a.Port), 10)
}
