package ingest

import (
	"fmt"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Between the hosts of a DSN: replicas of one shard, and shards.
const (
	replicaSeparator = ","
	shardSeparator   = ";"
)

// parseShards reads a DSN that may name several servers:
//
//	http://a1,a2;b1,b2:8124?database=name
//
// is two shards of two replicas each. Scheme, user, database and parameters are
// the same for all. It returns a DSN a server, by shard. A DSN with more than one server is that of a cluster. Shards
// must keep their places in the list as long as blocks wait for them; new
// ones are added at the end.
func parseShards(text string) (shards [][]string, rendering schema.Rendering, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	hosts, params, _ := strings.Cut(rest, "?")
	if !ok || scheme == "unix" || !strings.ContainsAny(hosts, replicaSeparator+shardSeparator) {
		_, err := query.ParseDSN(text)
		return [][]string{{text}}, schema.Plain, err
	}
	user := ""
	if i := strings.LastIndex(hosts, "@"); i >= 0 {
		user, hosts = hosts[:i+1], hosts[i+1:]
	}
	for shard := range strings.SplitSeq(hosts, shardSeparator) {
		var replicas []string
		for host := range strings.SplitSeq(shard, replicaSeparator) {
			one := scheme + "://" + user + strings.TrimSpace(host) + "?" + params
			if _, err := query.ParseDSN(one); err != nil {
				return nil, "", fmt.Errorf("server %q of shard %d: %w", strings.TrimSpace(host), len(shards)+1, err)
			}
			replicas = append(replicas, one)
		}
		shards = append(shards, replicas)
	}
	return shards, schema.Cluster, nil
}
