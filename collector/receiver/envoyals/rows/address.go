package rows

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// maxAddresses bounds the memo of address texts; a full one starts afresh.
const maxAddresses = 4096

// recentAddresses is how many addresses are found without hashing, a power of
// two.
const recentAddresses = 64

// addresses remembers the text form of upstream addresses. The hosts in it are
// owned.
type addresses struct {
	all    map[wire.Address]string
	recent [recentAddresses]struct { // by last byte of host, and port
		address wire.Address
		text    string
	}
}

// text returns "ip:port", "[ip]:port" or the path of a unix socket; "" for no
// address.
func (m *addresses) text(a wire.Address) string {
	if a.Host == "" {
		return ""
	}
	recent := &m.recent[(uint(last(a.Host))+uint(a.Port)*7)%recentAddresses]
	if recent.address == a {
		return recent.text
	}
	text, ok := m.all[a]
	a.Host = strings.Clone(a.Host)
	if !ok {
		text = m.add(a)
	}
	recent.address, recent.text = a, text
	return text
}

func (m *addresses) add(a wire.Address) string {
	if m.all == nil || len(m.all) >= maxAddresses {
		m.all = make(map[wire.Address]string)
	}
	text := format(a)
	m.all[a] = text
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
