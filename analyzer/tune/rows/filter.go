package rows

import (
	"fmt"
	"time"

	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// Window is [From, To) of completion times.
type Window struct{ From, To time.Time }

// Empty tells whether no row can lie in the window.
func (w Window) Empty() bool { return !w.From.Before(w.To) }

// where selects the rows of a window. Times are written as integers, which no
// session time zone can shift.
func (w Window) where() string {
	bound := func(t time.Time) string { return fmt.Sprintf("fromUnixTimestamp64Micro(%d, 'UTC')", t.UnixMicro()) }
	return "ts >= " + bound(w.From) + " AND ts < " + bound(w.To)
}

// namespaceOf reads the namespace out of a node id, mesh/cluster/namespace/workload.
const namespaceOf = "splitByChar('/', toString(%s))[3]"

// edgeWhere selects the rows of an edge; the arguments are those of the
// question marks.
func edgeWhere(e *typesv1.EdgeRef) (condition string, args []any) {
	condition = "src_service = ? AND dst_service = ? AND " +
		fmt.Sprintf(namespaceOf, "src") + " = ? AND " + fmt.Sprintf(namespaceOf, "dst") + " = ?"
	args = []any{e.GetSrcService(), e.GetDstService(), e.GetNamespace(), e.GetNamespace()}
	if e.GetRoute() != "" {
		condition += " AND route = ?"
		args = append(args, e.GetRoute())
	}
	return condition, args
}
