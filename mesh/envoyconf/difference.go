package envoyconf

import (
	"slices"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"google.golang.org/protobuf/proto"
)

// Difference names what differs between two start-up configurations: "cluster
// outbound|80|v2|reviews.default, listener inbound"; "" if nothing does.
func Difference(a, b *bootstrapv3.Bootstrap) string {
	var parts []string
	if !proto.Equal(a.GetNode(), b.GetNode()) {
		parts = append(parts, "node identity")
	}
	parts = append(parts, differing("listener ", a.GetStaticResources().GetListeners(), b.GetStaticResources().GetListeners())...)
	parts = append(parts, differing("cluster ", a.GetStaticResources().GetClusters(), b.GetStaticResources().GetClusters())...)
	if len(parts) == 0 && !proto.Equal(a, b) {
		parts = append(parts, "start-up settings")
	}
	return strings.Join(parts, ", ")
}

type named interface {
	proto.Message
	GetName() string
}

func differing[T named](kind string, a, b []T) []string {
	byName := map[string][2]proto.Message{}
	for i, list := range [2][]T{a, b} {
		for _, m := range list {
			pair := byName[m.GetName()]
			pair[i] = m
			byName[m.GetName()] = pair
		}
	}
	var out []string
	for name, pair := range byName {
		if pair[0] == nil || pair[1] == nil || !proto.Equal(pair[0], pair[1]) {
			out = append(out, kind+name)
		}
	}
	slices.Sort(out)
	return out
}
